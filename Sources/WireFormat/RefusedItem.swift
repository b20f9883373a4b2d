/// A span that is left out while the rest of its message is taken.
public struct RefusedItem: Sendable, Equatable {
    /// Where the field that is wrong begins its content; where the span begins, if the field is missing.
    public var offset: Int
    /// A sentence for the sender, such as
    /// `resource_spans.scope_spans.spans.trace_id at byte 512: has 15 bytes, expected 16`.
    public var reason: String

    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }
}
