import TraceModel

/// Tells of most traces that no sealed segment has them, with one load. A Bloom filter in blocks of a cache line.
///
/// Ten bits for each trace there is room for; a filter that is overfull says "maybe" more often, and stays right.
struct TraceFilter: Sendable {
    private var words: [UInt64]
    private let blocks: UInt64
    private let hash: TraceHash
    private(set) var count = 0
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        blocks = UInt64(max(1, (capacity * 10 + 511) / 512))
        words = [UInt64](repeating: 0, count: Int(blocks) * 8)
        hash = TraceHash(salt: .random(in: .min ... .max))
    }

    mutating func insert(_ id: TraceID) {
        let (block, bits) = place(id)
        for index in 0..<4 {
            let bit = Int(bits >> UInt64(index * 9) & 511)
            words[block + bit >> 6] |= 1 << UInt64(bit & 63)
        }
        count += 1
    }

    func mayContain(_ id: TraceID) -> Bool {
        let (block, bits) = place(id)
        for index in 0..<4 {
            let bit = Int(bits >> UInt64(index * 9) & 511)
            if words[block + bit >> 6] >> UInt64(bit & 63) & 1 == 0 { return false }
        }
        return true
    }

    private func place(_ id: TraceID) -> (block: Int, bits: UInt64) {
        let hash = hash(id)
        let block = (hash >> 32).multipliedFullWidth(by: blocks << 32).high
        return (Int(block) * 8, hash &* 0x9E37_79B9_7F4A_7C15)
    }
}
