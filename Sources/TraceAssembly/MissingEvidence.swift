/// What may be said of a span that others name as their parent and that is not there.
package enum MissingEvidence: String, Equatable, Sendable {
    /// It may still come, or stand in a part of the trace that was not read.
    case awaited
    /// The whole trace was read, and nothing of it has come for a while: this span is not on its way any more.
    case notReceived = "not received"

    /// How long nothing may have come before a span counts as not received: longer than senders keep a finished span
    /// (batches leave within seconds), so silence for this long means that nothing was on its way.
    package static let settleNanoseconds: UInt64 = 30_000_000_000

    /// What holds for the placeholders of one trace.
    ///
    /// A proof needs both: all spans that the store has of the trace were read (no limit cut it short, every segment
    /// answered), and the newest of them came at least `settle` ago. A sender that was cut off for longer can still deliver
    /// later: the next reading then sees the span itself.
    /// - Parameters:
    ///   - newestArrival: when the last span of the trace was stored, in Unix nanoseconds by the same clock as `now`; nil
    ///     when that is not known, which proves nothing.
    package static func evidence(
        isWhole: Bool, newestArrival: UInt64?, now: UInt64, settle: UInt64 = settleNanoseconds
    ) -> MissingEvidence {
        guard isWhole, let newestArrival, now >= newestArrival, now - newestArrival >= settle else { return .awaited }
        return .notReceived
    }
}
