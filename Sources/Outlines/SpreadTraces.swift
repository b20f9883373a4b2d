/// The traces that lie in several segments, by their hashes. What outlines tell of their spans is right; what they tell of their
/// trees may be wrong, as spans are missing.
package struct SpreadTraces: Sendable {
    /// A bit for the upper bits of each hash: most traces are told apart by it.
    private var words: [UInt64]
    /// In rising order.
    private let hashes: [UInt32]
    private let shift: UInt32

    /// - Parameter hashes: those of `OutlineHash`.
    package init(_ hashes: [UInt32]) {
        self.hashes = hashes.sorted()
        var bits: UInt32 = 10
        while bits < 26, 1 << Int(bits) < hashes.count * 64 { bits += 1 }
        shift = 32 - bits
        words = [UInt64](repeating: 0, count: 1 << Int(bits) / 64)
        for hash in hashes {
            let bit = hash >> shift
            words[Int(bit >> 6)] |= 1 << UInt64(bit & 63)
        }
    }

    @inline(__always)
    package func mayContain(_ hash: UInt32) -> Bool {
        let bit = hash >> shift
        return words[Int(bit >> 6)] >> UInt64(bit & 63) & 1 == 1 && contains(hash)
    }

    private func contains(_ hash: UInt32) -> Bool {
        var (low, high) = (0, hashes.count)
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low < hashes.count && hashes[low] == hash
    }
}
