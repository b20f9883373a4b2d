package import OTLP
package import TraceAssembly
package import TraceModel

/// Where the Jaeger API finds what was stored. The methods are called on the thread of whoever serves the request.
package protocol JaegerSource {
    /// Decoded, assembled; nil when nothing is stored.
    func jaegerTrace(_ id: TraceID) throws -> AssembledTrace?
    /// Traces newest first with a span that satisfies the query text and starts within [from, to] (Unix ns). The source bounds
    /// what it reads and holds for that.
    func jaegerSearch(_ query: String, from: UInt64, to: UInt64, limit: Int) throws -> [AssembledTrace]
    func jaegerServices() -> [String]
    /// (name, kind) pairs of the service, sorted.
    func jaegerOperations(of service: String, kind: SpanKind?) -> [(name: String, kind: SpanKind)]
    /// parent, child, callCount within the window.
    func jaegerDependencies(from: UInt64, to: UInt64) -> [(parent: String, child: String, calls: UInt64)]
}
