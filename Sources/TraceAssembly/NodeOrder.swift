/// The depth-first order of a forest: a parent before its children, children and roots by start time, ties by index.
struct NodeOrder {
    /// Forest indices in depth-first order.
    private(set) var order: [Int] = []
    /// For each position of `order`: the position of its parent (nil for a root), its depth, children and subtree size.
    private(set) var parent: [Int?] = []
    private(set) var depth: [Int] = []
    private(set) var childCount: [Int] = []
    private(set) var subtreeCount: [Int] = []

    init(of forest: SpanForest) {
        let count = forest.count
        let rows = ChildRows(
            parents: forest.parent,
            sortedBy: (0..<count).map { RowKey(primary: forest.start[$0], secondary: 0, index: $0) })

        order.reserveCapacity(count)
        parent.reserveCapacity(count)
        depth.reserveCapacity(count)
        var position = Array(repeating: 0, count: count)
        var stack = Array(rows.roots.reversed())
        while let node = stack.popLast() {
            position[node] = order.count
            let above = forest.parent[node]
            if above == SpanForest.none {
                parent.append(nil)
                depth.append(0)
            } else {
                parent.append(position[above])
                depth.append(depth[position[above]] + 1)
            }
            order.append(node)
            childCount.append(rows.children(of: node).count)
            stack.append(contentsOf: rows.children(of: node).reversed())
        }
        subtreeCount = Array(repeating: 1, count: order.count)
        for index in order.indices.reversed() {
            if let above = parent[index] { subtreeCount[above] += subtreeCount[index] }
        }
    }
}

/// What children are sorted by; the index breaks ties.
struct RowKey: Comparable {
    let primary: UInt64
    let secondary: UInt64
    let index: Int

    static func < (left: RowKey, right: RowKey) -> Bool {
        if left.primary != right.primary { return left.primary < right.primary }
        if left.secondary != right.secondary { return left.secondary < right.secondary }
        return left.index < right.index
    }
}

/// The children of every node in one array, each node's in a row of its own. One sort serves all rows.
struct ChildRows {
    private var children: [Int]
    /// Row of node i: `offsets[i]..<offsets[i + 1]`; the last row holds the roots.
    private var offsets: [Int]
    private let count: Int

    init(parents: [Int], sortedBy keys: [RowKey]) {
        count = parents.count
        offsets = Array(repeating: 0, count: count + 2)
        for above in parents { offsets[(above == SpanForest.none ? count : above) + 1] += 1 }
        for row in 0...count { offsets[row + 1] += offsets[row] }
        children = Array(repeating: 0, count: count)
        var next = offsets
        for key in keys.sorted() {
            let above = parents[key.index]
            let row = above == SpanForest.none ? count : above
            children[next[row]] = key.index
            next[row] += 1
        }
    }

    func children(of node: Int) -> ArraySlice<Int> { children[offsets[node]..<offsets[node + 1]] }
    var roots: ArraySlice<Int> { children[offsets[count]..<offsets[count + 1]] }
}
