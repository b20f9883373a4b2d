/// Figures of services, operations and calls for each minute, as sums of integers: what several segments say is added.
package struct Summary: Sendable, Equatable {
    package init() {}

    /// Reads what `encode` wrote.
    package init(decoding bytes: Span<UInt8>) throws(SummaryError) {}

    /// The same bytes for the same figures.
    package func encode() -> [UInt8] { [] }

    package mutating func merge(_ other: Summary) throws(SummaryError) {}
}
