import EventLoop

/// How long to wait before the next attempt: exponential with full jitter, so that many clients of one server that went away
/// do not come back together. A pure value; randomness is passed in.
package struct Backoff: Sendable, Equatable {
    package let base: Duration
    package let cap: Duration
    /// Attempts since the last success.
    package private(set) var attempts = 0

    package init(base: Duration = .milliseconds(100), cap: Duration = .seconds(10)) {
        self.base = base
        self.cap = cap
    }

    /// A duration below `base` times two to the number of earlier attempts, and below `cap`. `random` has 64 uniform bits.
    package mutating func next(random: UInt64) -> Duration {
        let doubled = base.wholeNanoseconds.multipliedFullWidth(by: 1 << UInt64(min(attempts, 62)))
        let ceiling = min(cap.wholeNanoseconds, doubled.high == 0 ? doubled.low : .max)
        attempts += 1
        return .nanoseconds(Int64(clamping: ceiling.multipliedFullWidth(by: random).high))
    }

    package mutating func reset() { attempts = 0 }
}
