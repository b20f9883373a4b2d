/// A set of frames of one segment, by ordinal. A bit each; ordinals outside are never in it.
package struct FrameSet: Sendable, Equatable {
    package let count: Int
    private var words: [UInt64]

    package init(count: Int, full: Bool = false) {
        self.count = count
        words = [UInt64](repeating: full ? .max : 0, count: (count + 63) / 64)
        trim()
    }

    /// The bits behind the last frame stay clear.
    private mutating func trim() {
        if count % 64 != 0, let last = words.indices.last { words[last] &= 1 << UInt64(count % 64) &- 1 }
    }

    package func contains(_ frame: Int) -> Bool {
        frame >= 0 && frame < count && words[frame >> 6] >> UInt64(frame & 63) & 1 == 1
    }

    package mutating func insert(_ frame: Int) {
        guard frame >= 0, frame < count else { return }
        words[frame >> 6] |= 1 << UInt64(frame & 63)
    }

    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    package mutating func formIntersection(_ other: FrameSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    package mutating func formUnion(_ other: FrameSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    package mutating func invert() {
        for index in words.indices { words[index] = ~words[index] }
        trim()
    }

    /// In rising order.
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
