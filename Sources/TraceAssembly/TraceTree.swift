/// Everything that follows from ids, parents and times of a trace's spans, by node in depth-first order.
struct TraceTree {
    /// For each node its place in the input; those of placeholders lie behind.
    let source: [Int32]
    let id: [UInt64]
    /// `SpanForest.none` for a root.
    let parent: [Int32]
    let depth: [Int32]
    let childCount: [Int32]
    let subtreeCount: [Int32]
    let start: [UInt64]
    let end: [UInt64]
    let oddities: [SpanOddities]
    /// Whether times are the node's own, as opposed to borrowed from around it.
    let isTimed: [Bool]
    let selfTime: [UInt64]
    private(set) var criticalTime: [UInt64]
    /// By time.
    let path: [CriticalSegment]
    let pathTotal: UInt64
    /// Of all nodes that have times of their own; both 0 where none has.
    let extent: (start: UInt64, end: UInt64)

    var count: Int { source.count }

    init(_ input: TreeInput) {
        let forest = SpanForest(input)
        let order = NodeOrder(of: forest)
        let times = NodeTimes(forest, in: order)
        extent = Self.extent(of: forest)
        source = order.order
        id = order.order.map { forest.id[Int($0)] }
        oddities = order.order.map { forest.oddities[Int($0)] }
        isTimed = order.order.map { forest.isTimed[Int($0)] }
        (parent, depth) = (order.parent, order.depth)
        (childCount, subtreeCount) = (order.childCount, order.subtreeCount)
        (start, end) = (times.start, times.end)
        let critical = CriticalPath(of: times, from: extent.start, to: extent.end)
        (path, pathTotal) = (critical.segments, critical.total)
        criticalTime = [UInt64](repeating: 0, count: source.count)
        for segment in path { criticalTime[segment.node] += segment.end - segment.start }
        selfTime = times.selfTimes()
    }

    private static func extent(of forest: SpanForest) -> (start: UInt64, end: UInt64) {
        var (first, last): (UInt64, UInt64) = (.max, 0)
        var isAny = false
        for index in 0..<forest.count where forest.isTimed[index] {
            isAny = true
            first = min(first, forest.start[index])
            last = max(last, forest.end[index])
        }
        return isAny ? (first, last) : (0, 0)
    }
}
