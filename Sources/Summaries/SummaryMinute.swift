/// Minutes since 1970, as rows are keyed by. A function of the start time alone: the time of arrival would make figures depend
/// on the way that spans took.
package enum SummaryMinute {
    /// Of spans whose start is before 2000 or from 2100 on.
    package static let noTime: UInt32 = 0
    package static let nanoseconds: UInt64 = 60_000_000_000
    private static let first: UInt64 = 946_684_800 / 60
    static let end: UInt64 = 4_102_444_800 / 60

    @inline(__always)
    package static func of(_ unixNanoseconds: UInt64) -> UInt32 {
        let minute = unixNanoseconds / nanoseconds
        return minute >= first && minute < end ? UInt32(truncatingIfNeeded: minute) : noTime
    }
}
