import Glibc

/// A moment, in nanoseconds since 1970.
public struct SpanInstant: Sendable, Hashable, Comparable {
    public var nanosecondsSinceEpoch: UInt64

    public init(nanosecondsSinceEpoch: UInt64) { self.nanosecondsSinceEpoch = nanosecondsSinceEpoch }

    /// By the system's clock, which an operator may set; within a span the clock that never jumps is used.
    public static var now: SpanInstant { SpanInstant(nanosecondsSinceEpoch: nanoseconds(CLOCK_REALTIME)) }

    public static func < (left: SpanInstant, right: SpanInstant) -> Bool {
        left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
    }
}

func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
}
