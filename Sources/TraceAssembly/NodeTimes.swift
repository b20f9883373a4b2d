/// When the nodes of a trace ran and how they lie below each other: columns, so that steps over all nodes touch no spans.
struct NodeTimes {
    let start: [UInt64]
    let end: [UInt64]
    /// `SpanForest.none` for a root; always smaller than the node's own index.
    let parent: [Int]
    let subtreeCount: [Int]
    let isMissing: [Bool]

    init(_ nodes: [TraceNode]) {
        let indices = nodes.indices
        start = indices.map { nodes[$0].start }
        end = indices.map { nodes[$0].end }
        parent = indices.map { nodes[$0].parent ?? SpanForest.none }
        subtreeCount = indices.map { nodes[$0].subtreeCount }
        isMissing = indices.map { nodes[$0].isMissing }
    }

    var count: Int { start.count }

    /// The part of a node's time during which none of its children ran. A placeholder has no time of its own.
    func selfTime(of index: Int) -> UInt64 {
        guard !isMissing[index], end[index] > start[index] else { return 0 }
        var covered: UInt64 = 0
        var reach = start[index]  // children come by start time; everything before this is settled
        var child = index + 1
        let after = index + subtreeCount[index]
        while child < after {
            let from = max(start[child], reach)
            let to = min(end[child], end[index])
            if from < to {
                covered += to - from
                reach = to
            }
            child += subtreeCount[child]
        }
        return end[index] - start[index] - covered
    }
}
