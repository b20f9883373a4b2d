import LargeArrays

/// The depth-first order of a forest: a parent before its children, children and roots by start time, ties by id.
struct NodeOrder {
    /// Forest indices in depth-first order.
    private(set) var order: [Int32]
    /// For each position of `order`: the position of its parent (`SpanForest.none` for a root), its depth, children and
    /// subtree size.
    private(set) var parent: [Int32]
    private(set) var depth: [Int32]
    private(set) var childCount: [Int32]
    private(set) var subtreeCount: [Int32]

    init(of forest: SpanForest) {
        let count = forest.count
        var rows = ChildRows(parents: forest.parent)
        for node in 0..<rows.rowCount {
            let row = rows.row(of: node)
            guard row.count > 1 else { continue }
            rows.sort(row, by: forest.start)
            rows.sortTies(row, of: forest.start) { forest.precedes(Int($0), Int($1)) }
        }
        order = Array(roomFor: count)
        parent = Array(roomFor: count)
        depth = Array(roomFor: count)
        childCount = Array(roomFor: count)
        var position = [Int32](large: 0, count: count)
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
        subtreeCount = [Int32](large: 1, count: order.count)
        for index in order.indices.reversed() where parent[index] != SpanForest.none {
            subtreeCount[Int(parent[index])] &+= subtreeCount[index]
        }
    }
}
