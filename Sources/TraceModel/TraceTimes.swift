/// Times of spans, in Unix nanoseconds.
public enum TraceTimes {
    /// From the year 2000 to 2262: what lies outside was not measured by a clock.
    public static let usual: ClosedRange<UInt64> = 946_684_800_000_000_000...UInt64(Int64.max)
}
