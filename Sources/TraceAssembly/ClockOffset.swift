/// What is known of one host's clock.
package struct ClockOffset: Equatable, Sendable {
    /// Bounds of this host's clock minus the reference's.
    package var bounds: ClockInterval
    /// How many requests tie this host to the one before it on the way from the reference; 0 for the reference itself.
    package var pairs: Int
    /// Number of the host whose clock is taken as right.
    package var reference: UInt32

    package var low: Int64 { bounds.low }
    package var high: Int64 { bounds.high }
    package var mid: Int64 { bounds.mid }

    /// What the correction adds to times of this host: nothing where both clocks may well agree.
    package var shift: Int64 { bounds.contains(0) ? 0 : ClockInterval.negated(mid) }
}
