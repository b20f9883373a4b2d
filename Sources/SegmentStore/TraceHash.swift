import TraceModel

/// Spreads trace ids, which strangers choose, by a multiplication keyed with the segment's random salt.
struct TraceHash: Sendable {
    private let first: UInt64
    private let second: UInt64

    init(salt: UInt64) {
        first = salt | 1
        second = (salt &* 0x9E37_79B9_7F4A_7C15) ^ 0xD6E8_FEB8_6659_FD93
    }

    @inline(__always)
    func callAsFunction(_ id: TraceID) -> UInt64 {
        let product = (id.high ^ first).multipliedFullWidth(by: id.low ^ second)
        var hash = product.high ^ product.low
        hash ^= hash >> 32
        hash &*= 0x9FB2_1C65_1E98_DF25
        return hash ^ hash >> 29
    }
}
