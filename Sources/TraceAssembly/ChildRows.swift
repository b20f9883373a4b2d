import LargeArrays

/// The children of every node in one array, each node's in a row of its own.
struct ChildRows {
    private(set) var children: [Int32]
    /// Row of node i: `offsets[i]..<offsets[i + 1]`; the last row holds the roots.
    private let offsets: [Int32]
    private let count: Int

    /// Children of one node stand by rising number.
    init(parents: [Int32]) {
        count = parents.count
        let last = Int32(truncatingIfNeeded: count)
        var offsets = [Int32](large: 0, count: count + 3)
        // Of row i at i + 2; when all children stand in their rows, where row i begins has come to i + 1.
        for above in parents { offsets[Int(above == SpanForest.none ? last : above) + 2] &+= 1 }
        for row in 1...count + 1 { offsets[row + 1] &+= offsets[row] }
        var children = [Int32](large: 0, count: count)
        for node in parents.indices {
            let above = parents[node]
            let row = Int(above == SpanForest.none ? last : above)
            children[Int(offsets[row + 1])] = Int32(truncatingIfNeeded: node)
            offsets[row + 1] &+= 1
        }
        self.offsets = offsets
        self.children = children
    }

    /// Where a node's children stand in `children`.
    func row(of node: Int) -> Range<Int> { Int(offsets[node])..<Int(offsets[node + 1]) }
    var rootRow: Range<Int> { row(of: count) }
    var roots: ArraySlice<Int32> { children[rootRow] }
    var rowCount: Int { count + 1 }

    /// Longer rows are sorted without comparing.
    private static let short = 48

    /// Puts a row in the order of `keys`, in turn; of children that agree in all of them the order stays. Most rows are short, or in
    /// order already.
    mutating func sort(_ row: Range<Int>, by keys: [UInt64], _ minor: [UInt64]? = nil, isFalling: Bool = false) {
        func isBehind(_ left: Int32, _ right: Int32) -> Bool {
            let (first, second) = (keys[Int(left)], keys[Int(right)])
            if first != second { return isFalling ? first < second : first > second }
            guard let minor else { return false }
            let (lesser, other) = (minor[Int(left)], minor[Int(right)])
            return isFalling ? lesser < other : lesser > other
        }
        guard row.count > Self.short else {
            for place in row.dropFirst() {
                let child = children[place]
                var free = place
                while free > row.lowerBound, isBehind(children[free - 1], child) {
                    children[free] = children[free - 1]
                    free -= 1
                }
                children[free] = child
            }
            return
        }
        guard row.dropFirst().contains(where: { isBehind(children[$0 - 1], children[$0]) }) else { return }
        let own = Array(children[row])
        func column(_ values: [UInt64]) -> [UInt64] {
            Array(large: own.lazy.map { isFalling ? ~values[Int($0)] : values[Int($0)] })
        }
        // Where the minor key rises already, as starts do among siblings, a row that is read backwards falls.
        let isBackwards =
            isFalling
            && (minor.map { minor in !zip(own, own.dropFirst()).contains { minor[Int($0)] > minor[Int($1)] } } ?? false)
        let byMinor =
            isBackwards
            ? Array(large: own.indices.lazy.map { Int32(truncatingIfNeeded: own.count - 1 - $0) })
            : minor.map { placesSorted(by: column($0)) }
        let order = placesSorted(by: column(keys), from: byMinor)
        for (place, source) in zip(row, order) { children[place] = own[Int(source)] }
        guard isBackwards, let minor else { return }
        // So do those that agree in both, which stay as they were.
        forEachRun(of: row, { keys[Int($0)] == keys[Int($1)] && minor[Int($0)] == minor[Int($1)] }) { $0.reverse() }
    }

    /// Puts the children of a sorted row that have the same key in an order of their own.
    mutating func sortTies(
        _ row: Range<Int>, of keys: [UInt64], _ precedes: (Int32, Int32) -> Bool
    ) {
        forEachRun(of: row, { keys[Int($0)] == keys[Int($1)] }) { $0.sort(by: precedes) }
    }

    /// Of neighbours that are alike, where there are several.
    private mutating func forEachRun(
        of row: Range<Int>, _ areAlike: (Int32, Int32) -> Bool, _ body: (inout ArraySlice<Int32>) -> Void
    ) {
        var first = row.lowerBound
        while first < row.upperBound {
            var after = first + 1
            while after < row.upperBound, areAlike(children[first], children[after]) { after += 1 }
            if after > first + 1 { body(&children[first..<after]) }
            first = after
        }
    }
}
