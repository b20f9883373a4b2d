import Glibc

/// Reads the system's clocks and writes times without Foundation.
package enum WallClock {
    /// Nanoseconds since 1970. May jump when an operator sets the clock.
    package static func unixNanoseconds() -> UInt64 { read(CLOCK_REALTIME) }

    /// Nanoseconds since some fixed moment; never goes back.
    package static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-11-20T12:42:18.123Z`. Holds for every 64-bit time.
    package static func rfc3339(unixNanoseconds: UInt64) -> String {
        let milliseconds = unixNanoseconds / 1_000_000
        let seconds = milliseconds / 1_000
        let (year, month, day) = civilDate(daysSince1970: Int(seconds / 86_400))
        let ofDay = seconds % 86_400
        func pad(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
            + "\(pad(ofDay / 3_600, 2)):\(pad(ofDay / 60 % 60, 2)):\(pad(ofDay % 60, 2)).\(pad(milliseconds % 1_000, 3))Z"
    }

    /// Gregorian date, counting in 400-year cycles of years that begin in March, so that leap days come last.
    private static func civilDate(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        let days = daysSince1970 + 719_468
        let cycle = days / 146_097
        let dayOfCycle = days % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
    }
}
