/// A set of sequence numbers as ascending ranges that neither touch nor overlap. Numbers that arrive in order are one
/// range; each hole costs 16 bytes. Beyond its bound it forgets the lowest range: a number forgotten would be stored
/// again, which loses nothing.
struct SequenceRanges: Sendable, Equatable {
    struct Range: Sendable, Equatable {
        var first: UInt64
        var last: UInt64
    }
    private(set) var ranges: [Range] = []

    init() {}

    /// Takes ranges from a file; nil unless they ascend without touching.
    init?(validating ranges: [Range]) {
        for (index, range) in ranges.enumerated() {
            guard range.first <= range.last else { return nil }
            if index > 0 { guard range.first > 0, ranges[index - 1].last < range.first - 1 else { return nil } }
        }
        self.ranges = ranges
    }

    func contains(_ number: UInt64) -> Bool {
        let index = firstRange(endingAtOrAfter: number)
        return index < ranges.count && ranges[index].first <= number
    }

    mutating func insert(_ number: UInt64, maxRanges: Int) {
        let index = firstRange(endingAtOrAfter: number)
        if index < ranges.count, ranges[index].first <= number { return }
        let touchesLower = index > 0 && ranges[index - 1].last == number &- 1
        let touchesUpper = index < ranges.count && ranges[index].first == number &+ 1
        switch (touchesLower, touchesUpper) {
        case (true, true):
            ranges[index - 1].last = ranges[index].last
            ranges.remove(at: index)
        case (true, false): ranges[index - 1].last = number
        case (false, true): ranges[index].first = number
        case (false, false):
            ranges.insert(Range(first: number, last: number), at: index)
            if ranges.count > maxRanges { ranges.removeFirst() }
        }
    }

    /// Holds exactly one number.
    var isSingle: Bool { ranges.count == 1 && ranges[0].first == ranges[0].last }

    /// The highest number; nil when there is none.
    var highest: UInt64? { ranges.last?.last }

    mutating func forgetLowest(_ count: Int) { ranges.removeFirst(min(count, ranges.count)) }

    private func firstRange(endingAtOrAfter number: UInt64) -> Int {
        // Nearly all numbers belong to the end.
        guard let last = ranges.last, number <= last.last else { return ranges.count }
        var (low, high) = (0, ranges.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].last < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
