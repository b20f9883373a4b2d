/// A duration in 16 bits: exact below 1,024 ns, else within 1/1024 of itself.
package enum DurationCode {
    /// The code of none.
    package static let unknown = UInt16.max

    private static let bits = 10

    @inline(__always)
    package static func of(_ nanoseconds: UInt64) -> UInt16 {
        UInt16(truncatingIfNeeded: FloatCode.of(nanoseconds, bits: bits))
    }

    /// All durations that have the code; nil for what is no code.
    @inline(__always)
    package static func durations(of code: UInt16) -> ClosedRange<UInt64>? {
        FloatCode.numbers(of: UInt64(code), bits: bits)
    }
}
