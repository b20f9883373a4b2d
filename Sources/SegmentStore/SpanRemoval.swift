package import TraceModel

/// Which spans a rewrite of segments leaves out.
package enum SpanRemoval: Sendable {
    case traces(Set<TraceID>)
    case spans(Set<SpanAddress>)
    /// All other traces, and every metric and log record.
    case allBut(Set<TraceID>)

    /// The traces that lose spans; nil for all that are not named.
    var traces: Set<TraceID>? {
        switch self {
        case .traces(let traces): traces
        case .spans(let spans): Set(spans.map(\.trace))
        case .allBut: nil
        }
    }

    func removes(_ trace: TraceID, _ span: SpanID) -> Bool {
        switch self {
        case .traces(let traces): traces.contains(trace)
        case .spans(let spans): spans.contains(SpanAddress(trace: trace, span: span))
        case .allBut(let traces): !traces.contains(trace)
        }
    }
}

/// A span by its ids. Copies of a span that came by several paths have the same.
package struct SpanAddress: Sendable, Hashable {
    package var trace: TraceID
    package var span: SpanID

    package init(trace: TraceID, span: SpanID) {
        self.trace = trace
        self.span = span
    }
}

/// What rewriting one segment came to.
package struct RewrittenSegment: Sendable, Equatable {
    package var number: UInt32
    package var removed = ItemCounts()
    package var left = ItemCounts()
    /// Traces that lost spans; only of an erasure.
    package var traces: Set<TraceID> = []
    /// Frames that could not be read, and of which nothing was taken over: lost before, and counted as damaged.
    package var unreadableFrames = 0
    /// Nothing was left, so that the segment was deleted.
    package var isGone = false
}

/// What an erasure came to.
package struct ErasedSpans: Sendable, Equatable {
    /// By number; those that lost something.
    package var segments: [RewrittenSegment] = []
    package var traces: Set<TraceID> = []
    /// Copies of damaged bytes of these segments, which were removed with them.
    package var quarantinedFiles = 0
    /// Spans of these traces went on arriving, and the newest are still there.
    package var isLeftBehind = false

    package var removed: ItemCounts { segments.reduce(into: ItemCounts()) { $0 += $1.removed } }
}
