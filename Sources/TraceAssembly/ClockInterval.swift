/// From where to where the difference of two clocks may lie, both ends included, in nanoseconds. Arithmetic stops at the
/// ends of what a number holds, 292 years, and never wraps.
package struct ClockInterval: Equatable, Sendable {
    package var low: Int64
    package var high: Int64

    package init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }

    static let zero = ClockInterval(low: 0, high: 0)

    package var mid: Int64 { Int64(clamping: (Int128(low) + Int128(high)) / 2) }
    /// How much the bounds leave open: for one request, the time that it spent on the way and back.
    package var width: UInt64 { UInt64(clamping: Int128(high) - Int128(low)) }

    package func contains(_ difference: Int64) -> Bool { low <= difference && difference <= high }

    /// The same difference seen from the other clock.
    var reversed: ClockInterval { ClockInterval(low: Self.negated(high), high: Self.negated(low)) }

    func widened(by allowance: UInt64) -> ClockInterval {
        ClockInterval(
            low: Int64(clamping: Int128(low) - Int128(allowance)),
            high: Int64(clamping: Int128(high) + Int128(allowance)))
    }

    static func + (left: ClockInterval, right: ClockInterval) -> ClockInterval {
        ClockInterval(
            low: Int64(clamping: Int128(left.low) + Int128(right.low)),
            high: Int64(clamping: Int128(left.high) + Int128(right.high)))
    }

    static func negated(_ value: Int64) -> Int64 { value == .min ? .max : -value }

    static func difference(_ left: UInt64, _ right: UInt64) -> Int64 { Int64(clamping: Int128(left) - Int128(right)) }
}
