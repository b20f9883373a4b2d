/// The few figures of a segment that are kept in memory whatever its state.
struct SegmentSummary: Sendable, Equatable {
    var header: SegmentHeader
    var held = ItemCounts()
    /// Length of the log up to the end of its last good frame.
    var logEnd = SegmentHeader.length
    var firstReceivedAt = UInt64.max
    /// 0 while there is no record.
    var lastReceivedAt: UInt64 = 0

    init(header: SegmentHeader) { self.header = header }
}
