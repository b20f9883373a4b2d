package import OTLP
package import TraceModel

/// Two traces side by side: how `a` differs from `b`.
package struct TraceDifference: Sendable {
    package enum Change: String, Sendable {
        case same
        /// `a` is slower.
        case slower
        case faster
        case onlyA = "only-a"
        case onlyB = "only-b"
        /// One failed, the other did not.
        case status
    }

    /// One trace's spans of a row: one, or a run of alike siblings together.
    package struct Side: Equatable, Sendable {
        /// Index of the first one's node.
        package var index: Int
        package var spanID: SpanID
        package var count: Int
        /// Sums over all of them.
        package var duration: UInt64
        package var selfTime: UInt64
        package var criticalTime: UInt64
        package var errors: Int
    }

    package struct Row: Equatable, Sendable {
        package var depth: Int
        /// The row of the parent; nil at the top, and where that row was left out.
        package var parent: Int?
        package var service: String
        /// Without ids where the spans of the row are called differently.
        package var name: String
        package var kind: SpanKind
        package var change: Change
        package var a: Side?
        package var b: Side?

        /// By how many nanoseconds `a` lasted longer.
        package var delta: Int64 { difference(a?.duration ?? 0, b?.duration ?? 0) }
        /// The same of the time for which the traces waited for these very spans. Over all rows it adds up to the difference of
        /// the critical paths.
        package var ownDelta: Int64 { difference(a?.criticalTime ?? 0, b?.criticalTime ?? 0) }
    }

    package struct Verdict: Equatable, Sendable {
        package var text: String
        /// The row that it is about.
        package var row: Int?
    }

    /// Depth-first: a row stands before those below it.
    package var rows: [Row]
    /// Rows in all; where they are more than asked for, those that differ most are kept, with the rows above them.
    package var rowCount: Int
    package var isTruncated: Bool { rows.count < rowCount }
    package var verdict: Verdict
}

/// `left - right`, as near as it fits.
func difference(_ left: UInt64, _ right: UInt64) -> Int64 {
    left >= right ? Int64(clamping: left - right) : -Int64(clamping: right - left)
}

func clampedSum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, isOver) = left.addingReportingOverflow(right)
    return isOver ? .max : sum
}
