/// OpenTelemetry's consistent sampling: a trace has 56 random bits, and is kept where these are no less than the threshold.
/// Wherever the same threshold is used the same traces are kept, and a lower one keeps all that a higher one keeps.
struct SamplingThreshold: Equatable, Comparable, Sendable {
    static let bits = 56
    /// From 0, which keeps all, to 2^56, which keeps none.
    let value: UInt64

    init(value: UInt64) { self.value = min(value, 1 << Self.bits) }

    init(ratio: Double) { self.init(value: UInt64((1 - ratio) * 0x1p56 + 0.5)) }

    /// One to fourteen hexadecimal digits; what is missing at the end is zero.
    init?(text: some Collection<UInt8>) {
        guard (1...14).contains(text.count), let value = Self.number(text) else { return nil }
        self.value = value << UInt64(4 * (14 - text.count))
    }

    static func < (left: SamplingThreshold, right: SamplingThreshold) -> Bool { left.value < right.value }

    func keeps(_ randomness: UInt64) -> Bool { randomness >= value }

    /// Hexadecimal digits without zeros at the end.
    var text: String {
        guard value > 0 else { return "0" }
        let digits = String(value, radix: 16)
        let all = String(repeating: "0", count: 14 - digits.utf8.count) + digits
        return String(all.reversed().drop { $0 == "0" }.reversed())
    }

    /// Fourteen hexadecimal digits: a trace's random bits.
    static func randomness(text: some Collection<UInt8>) -> UInt64? { text.count == 14 ? number(text) : nil }

    private static func number(_ text: some Collection<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
