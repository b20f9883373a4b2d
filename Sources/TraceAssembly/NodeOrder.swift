/// The depth-first order of a forest: a parent before its children, children and roots by start time, ties by id.
struct NodeOrder {
    /// Forest indices in depth-first order.
    private(set) var order: [Int32] = []
    /// For each position of `order`: the position of its parent (`SpanForest.none` for a root), its depth, children and
    /// subtree size.
    private(set) var parent: [Int32] = []
    private(set) var depth: [Int32] = []
    private(set) var childCount: [Int32] = []
    private(set) var subtreeCount: [Int32] = []

    init(of forest: SpanForest) {
        let count = forest.count
        let rows = ChildRows(parents: forest.parent, inOrder: Self.byStart(forest))
        order.reserveCapacity(count)
        parent.reserveCapacity(count)
        depth.reserveCapacity(count)
        childCount.reserveCapacity(count)
        var position = [Int32](repeating: 0, count: count)
        var stack = [Int32](rows.roots.reversed())
        while let node = stack.popLast() {
            position[Int(node)] = Int32(truncatingIfNeeded: order.count)
            let above = forest.parent[Int(node)]
            if above == SpanForest.none {
                parent.append(SpanForest.none)
                depth.append(0)
            } else {
                let place = position[Int(above)]
                parent.append(place)
                depth.append(depth[Int(place)] &+ 1)
            }
            order.append(node)
            let row = rows.row(of: Int(node))
            childCount.append(Int32(truncatingIfNeeded: row.count))
            for place in row.reversed() { stack.append(rows.children[place]) }
        }
        subtreeCount = [Int32](repeating: 1, count: order.count)
        for index in order.indices.reversed() where parent[index] != SpanForest.none {
            subtreeCount[Int(parent[index])] &+= subtreeCount[index]
        }
    }

    private static func byStart(_ forest: SpanForest) -> [Int32] {
        var order = placesSorted(by: forest.start)
        var first = 0
        while first < order.count {
            let start = forest.start[Int(order[first])]
            var after = first + 1
            while after < order.count, forest.start[Int(order[after])] == start { after += 1 }
            if after > first + 1 { order[first..<after].sort { forest.precedes(Int($0), Int($1)) } }
            first = after
        }
        return order
    }
}

/// The children of every node in one array, each node's in a row of its own.
struct ChildRows {
    let children: [Int32]
    /// Row of node i: `offsets[i]..<offsets[i + 1]`; the last row holds the roots.
    private let offsets: [Int32]
    private let count: Int

    /// - Parameter order: all nodes; children of one node stand in the rows as they stand in it.
    init(parents: [Int32], inOrder order: [Int32]) {
        count = parents.count
        let last = Int32(truncatingIfNeeded: count)
        var offsets = [Int32](repeating: 0, count: count + 2)
        for above in parents { offsets[Int(above == SpanForest.none ? last : above) + 1] &+= 1 }
        for row in 0...count { offsets[row + 1] &+= offsets[row] }
        var children = [Int32](repeating: 0, count: count)
        for place in order {
            let above = parents[Int(place)]
            let row = Int(above == SpanForest.none ? last : above)
            children[Int(offsets[row])] = place
            offsets[row] &+= 1
        }
        // Each row's offset has come to where the next one begins.
        offsets.removeLast()
        self.offsets = [0] + offsets
        self.children = children
    }

    /// Where a node's children stand in `children`.
    func row(of node: Int) -> Range<Int> { Int(offsets[node])..<Int(offsets[node + 1]) }
    var rootRow: Range<Int> { row(of: count) }
    var roots: ArraySlice<Int32> { children[rootRow] }
}
