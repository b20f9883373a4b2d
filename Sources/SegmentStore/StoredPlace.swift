package import TraceModel

/// Where spans of one trace lie: one record of one segment, and how it came there.
package struct StoredPlace: Sendable, Equatable {
    package var traceID: TraceID
    package var position: RecordPosition
    /// Unix nanoseconds.
    package var receivedAt: UInt64
    /// Nil where the request carried no number.
    package var sender: SenderID?
    package var sequence: UInt64
    package var spans: Int

    package init(
        traceID: TraceID, position: RecordPosition, receivedAt: UInt64, sender: SenderID?, sequence: UInt64, spans: Int
    ) {
        self.traceID = traceID
        self.position = position
        self.receivedAt = receivedAt
        self.sender = sender
        self.sequence = sequence
        self.spans = spans
    }
}
