/// What became of the spans of this process. Exact whenever it is read:
/// `ended = sent + queued + droppedQueueFull + droppedTooLarge + droppedSendFailed + droppedAfterShutdown`.
public struct TracerStatistics: Sendable, Equatable {
    /// Recorded spans that have ended.
    public internal(set) var ended: UInt64 = 0
    /// Handed to the kernel in a datagram, or acknowledged over HTTP.
    public internal(set) var sent: UInt64 = 0
    /// Waiting, or on their way.
    public internal(set) var queued: UInt64 = 0
    public internal(set) var droppedQueueFull: UInt64 = 0
    /// Refused by the sidecar as too large, or too large to be queued.
    public internal(set) var droppedTooLarge: UInt64 = 0
    /// No sidecar listened, or the send failed in another way.
    public internal(set) var droppedSendFailed: UInt64 = 0
    public internal(set) var droppedAfterShutdown: UInt64 = 0
    /// Spans that were released without `end()`. They are not among the ended ones.
    public internal(set) var abandoned: UInt64 = 0
    public internal(set) var datagrams: UInt64 = 0
    /// Requests for what no datagram can hold.
    public internal(set) var httpRequests: UInt64 = 0
    public internal(set) var queuedBytes: Int = 0
    /// Incoming trace headers that could not be used or named another trace, by `header: reason`.
    public internal(set) var headerProblems: [String: UInt64] = [:]
    /// The last thing that went wrong while sending; for a person to read.
    public internal(set) var lastError: String?

    public var dropped: UInt64 {
        droppedQueueFull &+ droppedTooLarge &+ droppedSendFailed &+ droppedAfterShutdown
    }
}
