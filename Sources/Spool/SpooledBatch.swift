/// A stretch of a lane's segment that is to be sent as one message under one number.
package struct SpooledBatch: Sendable {
    package let lane: LaneAccount
    let segment: SpoolSegment
    /// `x-hms-sequence`: rises by one from batch to batch of a lane.
    package let sequence: UInt64
    let start: Int
    let end: Int
    /// Spans, data points or log records that its messages hold.
    package let items: UInt64
    /// Items that sampling left out of these messages.
    package let sampled: UInt64
    /// Left by an earlier process that may have sent it: only the collector that it was meant for may get it.
    package var wasPerhapsSent = false

    /// Of its records: no message that is made of them is longer.
    package var length: Int { end - start }
}
