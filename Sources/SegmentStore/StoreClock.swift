import Glibc

/// Time as the store sees it.
package struct StoreClock: Sendable {
    /// Unix nanoseconds.
    package var wall: @Sendable () -> UInt64
    /// Nanoseconds that never go back, from an arbitrary start.
    package var monotonic: @Sendable () -> UInt64

    package init(wall: @escaping @Sendable () -> UInt64, monotonic: @escaping @Sendable () -> UInt64) {
        self.wall = wall
        self.monotonic = monotonic
    }

    package static let system = StoreClock(wall: { read(CLOCK_REALTIME) }, monotonic: { read(CLOCK_MONOTONIC) })

    static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds, within what 64 bits hold; negative is 0.
    var clampedNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        let (sum, carried) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return carried ? .max : sum
    }
}
