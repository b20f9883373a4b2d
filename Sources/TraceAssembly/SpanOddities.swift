/// What is strange about one node of a trace. Nothing here is an error: the span is shown, its raw values are kept, and
/// the oddity tells the reader why the picture may differ from them.
package struct SpanOddities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// No span with this id arrived; spans that name it as their parent did. The node is a placeholder.
    package static let missing = SpanOddities(rawValue: 1 << 0)
    /// The same span arrived more than once with the same content; the copies were merged.
    package static let duplicate = SpanOddities(rawValue: 1 << 1)
    /// Spans with this id and different content arrived; one stands in the tree, the others are its `variants`.
    package static let conflict = SpanOddities(rawValue: 1 << 2)
    /// The span names itself as its parent; it is shown as a root.
    package static let selfParent = SpanOddities(rawValue: 1 << 3)
    /// The span is part of a ring of parents.
    package static let inCycle = SpanOddities(rawValue: 1 << 4)
    /// The ring was cut here: the span's parent is ignored and it is shown as a root.
    package static let cycleCut = SpanOddities(rawValue: 1 << 5)
    /// The end lies before the start; the span is shown at its start, with no length.
    package static let endsBeforeStart = SpanOddities(rawValue: 1 << 6)
    /// The start or the end is zero, which means that the sender did not set it.
    package static let timeUnset = SpanOddities(rawValue: 1 << 7)
    /// A time after the year 2262, or before the year 2000 while other spans of the trace lie after it.
    package static let timeAbsurd = SpanOddities(rawValue: 1 << 8)
    /// The span begins before its parent, so the clocks of their machines disagree by at least the difference.
    package static let startsBeforeParent = SpanOddities(rawValue: 1 << 9)
    /// The span ends after its parent: the parent did not wait for it, or clocks disagree.
    package static let endsAfterParent = SpanOddities(rawValue: 1 << 10)

    private static let names: [(SpanOddities, String)] = [
        (.missing, "missing"), (.duplicate, "duplicate"), (.conflict, "conflict"), (.selfParent, "self-parent"),
        (.inCycle, "in-cycle"), (.cycleCut, "cycle-cut"), (.endsBeforeStart, "ends-before-start"),
        (.timeUnset, "time-unset"), (.timeAbsurd, "time-absurd"), (.startsBeforeParent, "starts-before-parent"),
        (.endsAfterParent, "ends-after-parent"),
    ]

    /// The words that stand for these oddities in the API, in a fixed order.
    package var words: [String] { Self.names.filter { contains($0.0) }.map(\.1) }
}
