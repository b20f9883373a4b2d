/// Makes the `Summary` of one segment: what its spans change in the figures, given the spans that earlier segments hold.
///
/// Keep the order: first texts become symbols of `symbols`, then digests made of them are added. Copies, order and the place
/// of `preload` among the additions do not matter. One thread at a time.
package struct SummaryBuilder: Sendable {
    package var symbols: SymbolTable

    package init(expectedSpans: Int = 0, bounds: SummaryBounds = SummaryBounds()) {
        symbols = SymbolTable()
    }

    /// A span of this segment.
    package mutating func add(_ digest: SpanDigest) {}

    /// A span that earlier segments hold. All earlier spans of a trace are to be given once this segment has a span of it,
    /// or the sum over the segments counts spans or calls twice.
    package mutating func preload(_ digest: SpanDigest) {}

    /// What the added spans change: F(preloaded and added) - F(preloaded).
    package func summary() -> Summary { Summary() }
}
