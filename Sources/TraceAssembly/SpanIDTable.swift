import LargeArrays

/// Finds the index of a span by its id. Salted: senders choose ids.
struct SpanIDTable {
    private var slots: [Int32]
    private let shift: UInt64
    private let salt = UInt64.random(in: .min ... .max) | 1

    private static let free: Int32 = -1

    init(count: Int) {
        var bits: UInt64 = 4
        while 1 << bits < count * 2 { bits += 1 }
        slots = Array(large: Self.free, count: 1 << bits)
        shift = 64 - bits
    }

    private func slot(of id: UInt64) -> Int {
        let product = (id ^ salt).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ salt << 1)
        return Int((product.high ^ product.low) >> shift)
    }

    /// Adds an index; returns the one that was there with the same id, and leaves it.
    mutating func insert(_ index: Int32, _ ids: [UInt64]) -> Int32? {
        let id = ids[Int(index)]
        var slot = slot(of: id)
        while slots[slot] != Self.free {
            if ids[Int(slots[slot])] == id { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = index
        return nil
    }

    func find(_ id: UInt64, _ ids: [UInt64]) -> Int32? {
        var slot = slot(of: id)
        while slots[slot] != Self.free {
            if ids[Int(slots[slot])] == id { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
}
