import Outlines
import OTLP
import TraceAssembly
import TraceModel

/// The spans of a large trace in the order in which outlines have them: what outlines say of a span by its place, this says by its
/// id. 24 bytes a span.
struct LargeTree: Sendable {
    struct Span: Sendable {
        var id: SpanID
        var start: UInt64
        /// Among the nodes of the assembled trace.
        var place: UInt32
        var durationCode: UInt16
    }
    let spans: [Span]

    /// Nil where a span is missing: its outlines tell nothing of the tree then.
    init?(_ trace: AssembledTrace) {
        let nodes = trace.nodes
        guard nodes.allSatisfy({ $0.span != nil }) else { return nil }
        let byID = nodes.indices.sorted { nodes[$0].spanID.value < nodes[$1].spanID.value }
        var places = [Int32](repeating: -1, count: nodes.count)
        for (place, node) in byID.enumerated() { places[node] = Int32(truncatingIfNeeded: place) }
        var order = OutlineOrder()
        guard order.putParentsFirst(nodes.count, { nodes[byID[$0]].parent.map { places[$0] } ?? -1 }) else {
            return nil
        }
        spans = order.order.map { place in
            let node = byID[Int(place)]
            let span = nodes[node].span
            return Span(
                id: nodes[node].spanID, start: span?.startUnixNano ?? 0, place: UInt32(truncatingIfNeeded: node),
                durationCode: DurationCode.of(span?.durationNano ?? 0))
        }
    }
}
