/// Names one span within a trace: 64 bits, written as 16 lower-case hexadecimal digits. Zero is no span.
public struct SpanID: Hashable, Sendable {
    public var value: UInt64

    @inlinable
    public init(value: UInt64) { self.value = value }

    /// Reads exactly 16 hexadecimal digits of either case. Zero is accepted: ask `isZero`.
    public init?(hex: some StringProtocol) {
        self.init(digits: Substring(hex).utf8, letters: .eitherCase)
    }

    init?(digits: Substring.UTF8View, letters: Hexadecimal.Letters) {
        guard digits.count == 16, let value = Hexadecimal.parse(digits, letters: letters) else { return nil }
        self.init(value: value)
    }

    @inlinable public var isZero: Bool { value == 0 }

    /// A new id, never zero.
    public static func random() -> SpanID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    public static func random(using generator: inout some RandomNumberGenerator) -> SpanID {
        while true {
            let id = SpanID(value: generator.next())
            if !id.isZero { return id }
        }
    }

    /// The 8 bytes that stand on the wire.
    public var bytes: [UInt8] {
        stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

extension SpanID: Comparable {
    @inlinable
    public static func < (left: SpanID, right: SpanID) -> Bool { left.value < right.value }
}

extension SpanID: CustomStringConvertible {
    public var description: String { Hexadecimal.text(value, digits: 16) }
}
