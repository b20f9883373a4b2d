/// Which traces of a population, as bits.
struct TraceSet: Sendable, Equatable {
    private var words: [UInt64] = []
    private(set) var count = 0

    func contains(_ trace: Int) -> Bool {
        let word = trace >> 6
        return word < words.count && words[word] & (1 << UInt64(trace & 63)) != 0
    }

    /// - Returns: whether it is new.
    @discardableResult
    mutating func insert(_ trace: Int) -> Bool {
        let word = trace >> 6
        while words.count <= word { words.append(0) }
        let bit: UInt64 = 1 << UInt64(trace & 63)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        count += 1
        return true
    }

    mutating func formUnion(_ other: TraceSet) {
        while words.count < other.words.count { words.append(0) }
        for index in other.words.indices { words[index] |= other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    func shared(with other: TraceSet) -> Int {
        var shared = 0
        for index in 0..<min(words.count, other.words.count) {
            shared += (words[index] & other.words[index]).nonzeroBitCount
        }
        return shared
    }

    var members: [Int] {
        var members: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                members.append((index << 6) + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return members
    }
}
