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
}

/// What a search through everything stored came to.
package struct SpanSearch: Sendable, Equatable {
    /// Nil when it was not found in what was read.
    package var place: StoredPlace?
    /// Content of frames that was read.
    package var readBytes = 0
    /// False when reading ended at its bound with older records left.
    package var isComplete = true
    /// When the oldest record that was read came, in Unix nanoseconds.
    package var readBackTo: UInt64?
}
