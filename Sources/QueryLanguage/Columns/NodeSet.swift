/// Some of a trace's nodes, a bit each.
package struct NodeSet: Sendable, Equatable {
    package let count: Int
    private var words: [UInt64]

    package init(count: Int, full: Bool = false) {
        self.count = count
        words = [UInt64](repeating: full ? .max : 0, count: (count + 63) / 64)
        trim()
    }

    /// The same in memory that no other set shares.
    var own: NodeSet {
        var own = NodeSet(count: count)
        own.formUnion(self)
        return own
    }

    @inline(__always)
    init(count: Int, where holds: (Int) -> Bool) {
        self.count = count
        words = []
        words.reserveCapacity((count + 63) / 64)
        var node = 0
        while node < count {
            let end = min(node + 64, count)
            var word: UInt64 = 0
            var bit: UInt64 = 1
            while node < end {
                if holds(node) { word |= bit }
                bit &<<= 1
                node += 1
            }
            words.append(word)
        }
    }

    /// The bits behind the last node stay clear.
    private mutating func trim() {
        if count % 64 != 0, let last = words.indices.last { words[last] &= 1 << UInt64(count % 64) &- 1 }
    }

    @inline(__always)
    package func contains(_ node: Int) -> Bool { words[node >> 6] >> UInt64(node & 63) & 1 == 1 }

    @inline(__always)
    package mutating func insert(_ node: Int) { words[node >> 6] |= 1 << UInt64(node & 63) }

    @inline(__always)
    package mutating func remove(_ node: Int) { words[node >> 6] &= ~(1 << UInt64(node & 63)) }

    package mutating func insert(_ nodes: ArraySlice<Int32>) { for node in nodes { insert(Int(node)) } }

    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    /// How many there are.
    package var size: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    package mutating func formIntersection(_ other: NodeSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    package mutating func formUnion(_ other: NodeSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    package mutating func subtract(_ other: NodeSet) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    package mutating func invert() {
        for index in words.indices { words[index] = ~words[index] }
        trim()
    }

    /// All of them, in rising order.
    package var nodes: [Int32] {
        var nodes: [Int32] = []
        nodes.reserveCapacity(size)
        forEach { nodes.append(Int32(truncatingIfNeeded: $0)) }
        return nodes
    }

    /// In rising order.
    @inline(__always)
    package func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }
}
