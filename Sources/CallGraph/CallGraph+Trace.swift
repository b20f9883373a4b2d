package import OTLP
package import TraceAssembly

extension CallGraph {
    /// The graph of one trace.
    ///
    /// - Parameter linked: the service of the span of another trace that a link names; nil where it is not known. Asked once for
    ///   each such link.
    package init(_ trace: AssembledTrace, linked: (SpanLink) -> String? = { _ in nil }) {
        var builder = TraceGraphBuilder(trace)
        builder.addLinks(linked)
        self = builder.graph()
    }
}
