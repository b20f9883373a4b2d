package import QueryLanguage

/// What to look for, and how far.
package struct SearchRequest: Sendable {
    package var expression: QueryExpression
    /// When the spans that satisfy the query began, both included, in Unix nanoseconds.
    package var started: ClosedRange<UInt64> = 0 ... .max
    /// Traces in the answer.
    package var limit = 20
    /// Spans that are named for each trace.
    package var matches = FoundTrace.maximumMatches
    /// Whether each trace is told with its small waterfall.
    package var isDrawn = false
    package var cursor: SearchCursor?
    /// What "now" was where times were given relative to it, in Unix nanoseconds; cursors carry it.
    package var now: UInt64 = 0
    package var bounds = SearchBounds()

    package init(_ expression: QueryExpression) { self.expression = expression }
}

/// How much work one search may be. Beyond it the answer is marked and goes on from its cursor.
package struct SearchBounds: Sendable {
    package var time: Duration = .seconds(5)
    /// Content of frames that is unpacked.
    package var bytes = 8 << 30
    /// Traces that are remembered while it is not known yet whether they are next.
    package var candidates = 500_000
    /// Stored bytes of one trace; of a larger one only what came first is looked at.
    package var traceBytes = 32 << 20
    /// Frames that are read before outlines are asked which of the others may be left out, and how new the answers of the rest may be:
    /// that takes about as long as to read so many frames of each segment.
    package var framesBeforeOutlines = 32

    package init() {}
}
