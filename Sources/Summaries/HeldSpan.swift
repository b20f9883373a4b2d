/// A copy of a span, as it came. 72 bytes.
struct HeldSpan: Sendable {
    var span: SpanDigest
    /// Whether earlier segments hold it; else it belongs to this one.
    var isEarlier: Bool
}
