import LargeArrays

/// When the nodes of a trace ran and how they lie below each other: columns, so that steps over all nodes touch no spans.
struct NodeTimes {
    let start: [UInt64]
    let end: [UInt64]
    /// `SpanForest.none` for a root; always smaller than the node's own index.
    let parent: [Int32]
    let subtreeCount: [Int32]
    let isMissing: [Bool]

    init(_ forest: SpanForest, in order: NodeOrder) {
        start = Array(large: order.order.lazy.map { forest.start[Int($0)] })
        end = Array(large: order.order.lazy.map { forest.end[Int($0)] })
        parent = order.parent
        subtreeCount = order.subtreeCount
        isMissing = Array(large: order.order.lazy.map { forest.isMissing(Int($0)) })
    }

    var count: Int { start.count }

    /// The parts of the nodes' times during which none of their children ran. A placeholder has no time of its own.
    func selfTimes() -> [UInt64] {
        var own = [UInt64](large: 0, count: count)
        // Up to where each node is covered: its children come by start time, so what lies before is settled.
        var reach = Array(large: start)
        for node in 0..<count {
            if !isMissing[node], end[node] > start[node] { own[node] &+= end[node] &- start[node] }
            let above = Int(parent[node])
            guard above >= 0, !isMissing[above] else { continue }
            let from = max(start[node], reach[above])
            let to = min(end[node], end[above])
            if from < to {
                own[above] &-= to &- from
                reach[above] = to
            }
        }
        return own
    }
}
