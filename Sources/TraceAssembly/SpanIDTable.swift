import LargeArrays

/// Finds the index of a span by its id. Salted: senders choose ids. In two parts, by the hash, so that two threads can fill it.
struct SpanIDTable: Sendable {
    private let even: Part
    private let odd: Part
    private let hash = IDHash()
    /// Indices whose id came before, rising, with the index that is found instead.
    let repeats: [(first: Int32, index: Int32)]

    init(_ ids: [UInt64], pairing: some Pairing = OneAfterTheOther()) {
        let hash = hash
        (even, odd) = pairing.both({ Part(ids, hash, parity: 0) }, { Part(ids, hash, parity: 1) })
        repeats = (even.repeats + odd.repeats).sorted { $0.index < $1.index }
    }

    func find(_ id: UInt64, in ids: [UInt64]) -> Int32? {
        let hash = hash(id)
        return (hash & 1 == 0 ? even : odd).find(id, hash, in: ids)
    }

    private struct IDHash: Sendable {
        private let salt = UInt64.random(in: .min ... .max) | 1

        func callAsFunction(_ id: UInt64) -> UInt64 {
            let product = (id ^ salt).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ salt << 1)
            return product.high ^ product.low
        }
    }

    private struct Part: Sendable {
        private var slots: [Int32]
        private let shift: UInt64
        private(set) var repeats: [(first: Int32, index: Int32)] = []

        private static let free: Int32 = -1

        /// Of the ids whose hash has a parity.
        init(_ ids: [UInt64], _ hash: IDHash, parity: UInt64) {
            let count = ids.reduce(0) { $0 + (hash($1) & 1 == parity ? 1 : 0) }
            var bits: UInt64 = 4
            while 1 << bits < count * 2 { bits += 1 }
            slots = Array(large: Self.free, count: 1 << bits)
            shift = 64 - bits
            for index in ids.indices {
                let hash = hash(ids[index])
                if hash & 1 == parity { insert(Int32(truncatingIfNeeded: index), hash, ids) }
            }
        }

        private mutating func insert(_ index: Int32, _ hash: UInt64, _ ids: [UInt64]) {
            let id = ids[Int(index)]
            var slot = Int(hash >> shift)
            while slots[slot] != Self.free {
                if ids[Int(slots[slot])] == id {
                    repeats.append((slots[slot], index))
                    return
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            slots[slot] = index
        }

        func find(_ id: UInt64, _ hash: UInt64, in ids: [UInt64]) -> Int32? {
            var slot = Int(hash >> shift)
            while slots[slot] != Self.free {
                if ids[Int(slots[slot])] == id { return slots[slot] }
                slot = (slot + 1) & (slots.count - 1)
            }
            return nil
        }
    }
}
