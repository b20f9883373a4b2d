/// Numbers as codes of fewer bits, in the same order: exact below 2^bits, else within 2^-bits of themselves.
enum FloatCode {
    @inline(__always)
    static func of(_ number: UInt64, bits: Int) -> UInt64 {
        let steps: UInt64 = 1 << UInt64(bits)
        if number < steps { return number }
        let shift = 63 - number.leadingZeroBitCount - bits
        return UInt64(truncatingIfNeeded: shift + 1) << UInt64(bits) | number >> UInt64(shift) & (steps - 1)
    }

    /// All numbers that have the code; nil for what is no code.
    @inline(__always)
    static func numbers(of code: UInt64, bits: Int) -> ClosedRange<UInt64>? {
        let steps: UInt64 = 1 << UInt64(bits)
        let shift = Int(truncatingIfNeeded: code >> UInt64(bits)) - 1
        if shift < 0 { return code...code }
        guard shift <= 63 - bits else { return nil }
        let first = (steps | code & (steps - 1)) << UInt64(shift)
        return first...first + (1 << UInt64(shift) - 1)
    }
}

/// How long before a moment something was, in 32 bits: exact below 2^26 ns (67 ms), else within 2^-26 of itself.
enum AgeCode {
    /// The code of what was not before it.
    static let none = UInt32.max

    private static let bits = 26

    @inline(__always)
    static func of(_ nanoseconds: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: FloatCode.of(nanoseconds, bits: bits))
    }

    /// The least age that has the code; nil for `none` and for what is no code.
    @inline(__always)
    static func least(of code: UInt32) -> UInt64? { FloatCode.numbers(of: UInt64(code), bits: bits)?.lowerBound }
}
