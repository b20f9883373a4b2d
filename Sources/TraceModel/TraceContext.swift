/// What one service tells the next: the trace, the span that calls, and whether to record.
public struct TraceContext: Hashable, Sendable {
    public var traceID: TraceID
    /// The calling span; nil when only the trace was named, so that the next span is a root of it.
    public var spanID: SpanID?
    public var flags: TraceFlags
    /// Other vendors' entries, passed on unread. Empty when there are none.
    public var traceState: TraceState

    public init(
        traceID: TraceID, spanID: SpanID?, flags: TraceFlags = .sampled, traceState: TraceState = TraceState()
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.traceState = traceState
    }

    public var isSampled: Bool { flags.contains(.sampled) }
}
