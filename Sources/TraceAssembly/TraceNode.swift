package import OTLP
package import TraceModel

/// One row of an assembled trace: a span, or the placeholder of a span that never arrived.
package struct TraceNode: Sendable {
    package var spanID: SpanID
    /// Nil for a placeholder.
    package var span: SpanValue?
    /// Other spans that arrived with the same id and different content.
    package var variants: [SpanValue] = []
    /// How many times exactly this span arrived; 0 for a placeholder.
    package var copies: Int

    /// Index of the parent's node, always smaller than the node's own; nil for a root.
    package var parent: Int?
    package var depth = 0
    package var childCount = 0
    /// The node and everything below it are the nodes from its own index up to `index + subtreeCount`.
    package var subtreeCount = 1

    /// Times as drawn, on the trace's axis: those of the span where they can be true, otherwise borrowed from around it.
    /// The raw ones are in `span`.
    package var start: UInt64
    package var end: UInt64
    /// Time during which no child ran.
    package var selfTime: UInt64 = 0
    /// Time on the critical path that belongs to this node itself.
    package var criticalTime: UInt64 = 0
    package var latencyStep = LatencyStep.negligible
    package var oddities: SpanOddities

    package var duration: UInt64 { end >= start ? end - start : 0 }
    package var isMissing: Bool { span == nil }
    package var isOnCriticalPath: Bool { criticalTime > 0 }
    package var isError: Bool { span.map { $0.status.code == .error } ?? false }
    package var serviceName: String { span?.serviceName ?? "" }
    package var name: String { span?.name ?? "" }
}
