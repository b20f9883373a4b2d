/// What one document may hold. Memory is linear in the document whatever stands in it; these keep the factor honest.
package struct ForeignTraceLimits: Sendable {
    package var maximumDepth = 32
    package var maximumSpans = 5_000_000
    /// Tags, log records and their fields, references and annotations of one span, or tags of one process.
    package var maximumItemsPerSpan = 100_000

    package init() {}
}
