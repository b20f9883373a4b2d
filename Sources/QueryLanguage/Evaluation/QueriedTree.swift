import TraceAssembly
import TraceModel

/// What a query sees of a trace besides its spans.
struct QueriedTree {
    let summary: TraceSummary
    /// By node in depth-first order; negative for a root.
    let parent: [Int32]
    /// Nodes of the placeholders, in the order of their ids; a place is an index here.
    let missing: [Int]
    let missingIDs: [SpanID]

    var count: Int { parent.count }
    var traceID: TraceID { summary.traceID }

    init(_ trace: AssembledTrace) {
        summary = trace.summary
        parent = trace.nodes.map { Int32(truncatingIfNeeded: $0.parent ?? -1) }
        let nodes = trace.nodes
        missing =
            summary.missingCount == 0
            ? [] : nodes.indices.filter { nodes[$0].isMissing }.sorted { nodes[$0].spanID < nodes[$1].spanID }
        missingIDs = missing.map { nodes[$0].spanID }
    }

    init(_ shape: TraceShape) {
        summary = shape.summary
        parent = shape.parent
        let ids = shape.id
        missing =
            summary.missingCount == 0
            ? [] : ids.indices.filter { shape.isMissing($0) }.sorted { ids[$0] < ids[$1] }
        missingIDs = missing.map { SpanID(value: ids[$0]) }
    }

    /// The place of the placeholder at the top of the first tree; nil if a span is there.
    var firstRoot: Int? { missing.firstIndex(of: 0) }

    /// The nodes of a root's tree.
    func tree(of root: Int) -> Range<Int> {
        var end = root + 1
        while end < count, parent[end] >= 0 { end += 1 }
        return root..<end
    }
}
