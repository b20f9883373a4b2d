public import TraceModel

/// Consecutive spans of one trace, in the order of the message.
public struct TraceRun: Sendable, Equatable {
    public var traceID: TraceID
    public var spans: UInt32

    @inlinable
    public init(traceID: TraceID, spans: UInt32) {
        self.traceID = traceID
        self.spans = spans
    }
}
