/// Names one trace: 128 bits, written as 32 lower-case hexadecimal digits. All zero is no trace.
public struct TraceID: Hashable, Sendable {
    /// The upper 64 bits, first on the wire.
    public var high: UInt64
    public var low: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads exactly 32 hexadecimal digits of either case. All zero is accepted: ask `isZero`.
    public init?(hex: some StringProtocol) {
        self.init(digits: Substring(hex).utf8, letters: .eitherCase)
    }

    init?(digits: Substring.UTF8View, letters: Hexadecimal.Letters) {
        guard digits.count == 32,
            let high = Hexadecimal.parse(digits.prefix(16), letters: letters),
            let low = Hexadecimal.parse(digits.dropFirst(16), letters: letters)
        else { return nil }
        self.init(high: high, low: low)
    }

    @inlinable public var isZero: Bool { high | low == 0 }

    /// A new id, never zero.
    public static func random() -> TraceID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    public static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        while true {
            let id = TraceID(high: generator.next(), low: generator.next())
            if !id.isZero { return id }
        }
    }

    /// The 16 bytes that stand on the wire.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(16)
        for half in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: half >> shift))
            }
        }
        return result
    }
}

extension TraceID: Comparable {
    @inlinable
    public static func < (left: TraceID, right: TraceID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension TraceID: CustomStringConvertible {
    public var description: String {
        var utf8: [UInt8] = []
        utf8.reserveCapacity(32)
        Hexadecimal.append(high, digits: 16, to: &utf8)
        Hexadecimal.append(low, digits: 16, to: &utf8)
        return String(decoding: utf8, as: UTF8.self)
    }
}
