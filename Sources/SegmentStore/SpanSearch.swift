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

    package init() {}
}
