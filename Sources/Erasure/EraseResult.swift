import SegmentStore
package import TraceModel

/// What an erasure came to.
package struct EraseResult: Sendable {
    package struct Segment: Sendable, Equatable {
        package var number: UInt32
        package var traces: Int
        /// Nil of a dry run.
        package var spans: UInt64?
        package var isGone = false
    }

    /// In rising order.
    package var traces: [TraceID] = []
    package var spans: UInt64 = 0
    package var segments: [Segment] = []
    /// Traces of which it is unknown whether they satisfy the query, and which therefore stayed.
    package var unknown = 0
    /// Frames that could not be read: whatever was in them was not looked at. Those of rewritten segments are gone.
    package var unreadableFrames = 0
    /// Copies of damaged bytes, removed with the segments that they came from.
    package var quarantinedFiles = 0
    /// Spans of the same traces went on arriving, and the newest are still there.
    package var isLeftBehind = false
    /// Afterwards the same query found nothing in what was stored when the erasure began. Nil of a dry run.
    package var isVerified: Bool?

    mutating func take(_ erased: ErasedSpans) {
        traces = erased.traces.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
        spans = erased.removed.spans
        segments = erased.segments.sorted { $0.number < $1.number }.map { segment in
            Segment(
                number: segment.number, traces: segment.traces.count, spans: segment.removed.spans,
                isGone: segment.isGone)
        }
        quarantinedFiles = erased.quarantinedFiles
        isLeftBehind = erased.isLeftBehind
    }
}
