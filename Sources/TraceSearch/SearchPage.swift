package import TraceAssembly
package import TraceModel

/// A page of answers, newest first.
package struct SearchPage: Sendable {
    package var traces: [FoundTrace] = []
    /// Where the next page begins; nil when there is none.
    package var cursor: SearchCursor?
    /// Whether more traces satisfy the query. Exact when `isComplete`.
    package var isTruncated = false
    /// False when a bound ended the search first: what is told is right, and `cursor` goes on.
    package var isComplete = true
    package var stopped: StopReason?
    package var figures = SearchFigures()

    package init() {}

    package enum StopReason: String, Sendable {
        case time
        case bytes
        case candidates
        case cancelled
    }
}

/// What a search took.
package struct SearchFigures: Sendable, Equatable {
    /// Frames that may hold spans that satisfy the query, as far as is known, and how many of those were read.
    package var framesToRead = 0
    package var framesRead = 0
    /// Frames that outlines left out.
    package var framesLeftOut = 0
    /// All frames in what was searched.
    package var frames = 0
    package var tracesRead = 0
    package var bytesRead = 0
    package var unreadableFrames = 0
    package var nanoseconds: UInt64 = 0
    /// All spans that began after this were looked at.
    package var searchedBackTo: UInt64?
}

/// A trace with a span that satisfies the query, or that may satisfy it.
package struct FoundTrace: Sendable {
    package var key: TraceKey
    package var summary: TraceSummary
    /// The span that did not arrive and on which it depends whether the query is satisfied; nil when it is.
    package var unknownBecause: SpanID?
    /// Spans that satisfy the query, or may.
    package var matchCount = 0
    /// The first of them in the trace's order, at most `SearchRequest.matches`.
    package var matches: [SpanID] = []
    /// Only what came first of the trace was read.
    package var isPart = false
    /// There may be more spans that satisfy the query: of a large trace only those frames were read that had the newest.
    package var hasMoreMatches = false
    /// Where it was asked for and the trace was assembled.
    package var mini: MiniWaterfall?

    package init(key: TraceKey, summary: TraceSummary) {
        self.key = key
        self.summary = summary
    }

    package static let maximumMatches = 16

}
