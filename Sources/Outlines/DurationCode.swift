/// A duration in 16 bits: exact below 1,024 ns, else within 1/1024 of itself.
package enum DurationCode {
    /// The code of none.
    package static let unknown = UInt16.max

    private static let bits = 10
    private static let steps: UInt64 = 1 << 10

    @inline(__always)
    package static func of(_ nanoseconds: UInt64) -> UInt16 {
        if nanoseconds < steps { return UInt16(truncatingIfNeeded: nanoseconds) }
        let shift = 63 - nanoseconds.leadingZeroBitCount - bits
        return UInt16(truncatingIfNeeded: shift + 1) << UInt16(bits)
            | UInt16(truncatingIfNeeded: nanoseconds >> UInt64(shift) & (steps - 1))
    }

    /// All durations that have the code; nil for what is no code.
    @inline(__always)
    package static func durations(of code: UInt16) -> ClosedRange<UInt64>? {
        let shift = Int(code) >> bits - 1
        if shift < 0 { return UInt64(code)...UInt64(code) }
        guard shift <= 63 - bits else { return nil }
        let first = (steps | UInt64(code) & (steps - 1)) << UInt64(shift)
        return first...first + (1 << UInt64(shift) - 1)
    }
}
