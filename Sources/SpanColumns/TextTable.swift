import WireFormat

/// Texts by number, each once. What is longer than a bound is cut between two characters. Hashed with a salt of the process: whoever
/// chooses names cannot choose where they lie.
package struct TextTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where text i ends; it begins where the one before ended.
    private var ends: [Int] = []
    private var hashes: [UInt64] = []
    /// Open addressing; -1 is free. A power of two.
    private var slots: [Int32] = Array(repeating: -1, count: 64)
    private let salt = UInt64.random(in: .min ... .max)

    package init() {}

    package var count: Int { ends.count }
    /// Of the texts themselves.
    package var byteCount: Int { bytes.count }

    package subscript(index: Int) -> String {
        String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
    }

    package func utf8(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    /// The number of a text, the next one if it is new.
    package mutating func intern(_ text: Span<UInt8>, atMost limit: Int) -> UInt32 {
        var text = text
        if text.count > limit { text = text.extracting(first: Self.cut(text, limit)) }
        let hash = bytesHash(text, seed: salt)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, equals(index, text) { return UInt32(index) }
            slot = (slot + 1) & (slots.count - 1)
        }
        let index = ends.count
        for position in text.indices { bytes.append(text[position]) }
        ends.append(bytes.count)
        hashes.append(hash)
        slots[slot] = Int32(truncatingIfNeeded: index)
        if ends.count * 2 > slots.count { grow() }
        return UInt32(index)
    }

    private func equals(_ index: Int, _ text: Span<UInt8>) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == text.count else { return false }
        for position in text.indices where bytes[start + position] != text[position] { return false }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(truncatingIfNeeded: index)
        }
    }

    /// The last border between characters that lies at or before `limit`.
    private static func cut(_ text: Span<UInt8>, _ limit: Int) -> Int {
        var end = limit
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }
}
