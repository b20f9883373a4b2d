/// How long before a moment something was, in 32 bits: exact below 2^26 ns (67 ms), else within 2^-26 of itself.
enum AgeCode {
    /// The code of what was not before it.
    static let none = UInt32.max

    private static let bits = 26
    private static let steps: UInt64 = 1 << 26

    @inline(__always)
    static func of(_ nanoseconds: UInt64) -> UInt32 {
        if nanoseconds < steps { return UInt32(truncatingIfNeeded: nanoseconds) }
        let shift = 63 - nanoseconds.leadingZeroBitCount - bits
        return UInt32(truncatingIfNeeded: shift + 1) << UInt32(bits)
            | UInt32(truncatingIfNeeded: nanoseconds >> UInt64(shift) & (steps - 1))
    }

    /// The least age that has the code; nil for `none` and for what is no code.
    @inline(__always)
    static func least(of code: UInt32) -> UInt64? {
        let shift = Int(code) >> bits - 1
        if shift < 0 { return UInt64(code) }
        guard shift <= 63 - bits else { return nil }
        return (steps | UInt64(code) & (steps - 1)) << UInt64(shift)
    }
}
