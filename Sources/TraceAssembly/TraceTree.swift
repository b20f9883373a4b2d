import LargeArrays

/// How a trace's spans lie below each other and when they ran, by node in depth-first order.
struct TraceTree {
    /// For each node its place in the input; those of placeholders lie behind.
    let source: [Int32]
    let id: [UInt64]
    /// `SpanForest.none` for a root.
    let parent: [Int32]
    let depth: [Int32]
    let childCount: [Int32]
    let subtreeCount: [Int32]
    let oddities: [SpanOddities]
    /// Whether times are the node's own, as opposed to borrowed from around it.
    let isTimed: [Bool]
    let times: NodeTimes
    /// Of all nodes that have times of their own; both 0 where none has.
    let extent: (start: UInt64, end: UInt64)

    var count: Int { source.count }
    var start: [UInt64] { times.start }
    var end: [UInt64] { times.end }

    init(_ input: TreeInput, pairing: some Pairing = OneAfterTheOther()) {
        let forest = SpanForest(input, pairing: pairing)
        let order = NodeOrder(of: forest)
        times = NodeTimes(forest, in: order)
        extent = Self.extent(of: forest)
        source = order.order
        id = Array(large: order.order.lazy.map { forest.id[Int($0)] })
        oddities = Array(large: order.order.lazy.map { forest.oddities[Int($0)] })
        isTimed = Array(large: order.order.lazy.map { forest.isTimed[Int($0)] })
        (parent, depth) = (order.parent, order.depth)
        (childCount, subtreeCount) = (order.childCount, order.subtreeCount)
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
