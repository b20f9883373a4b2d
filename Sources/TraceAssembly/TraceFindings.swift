import OTLP
import LargeArrays

/// What a view of a trace points out beside its tree: where failures come from, runs of alike siblings, clocks that disagree, and time
/// in which nothing ran.
package struct TraceFindings: Sendable {
    /// Failing spans that explain the failures of the trace, in the order of the tree.
    package let origins: [Int32]
    /// By rising first node.
    package let folds: [SiblingFold]
    /// By number of host; nil where nothing tells of its clock.
    package let clocks: [ClockOffset?]
    /// What the correction of clocks adds to each node's times; empty where it moves none.
    package let shifts: [Int64]
    package let uncovered: UInt64

    package func shift(of node: Int) -> Int64 { shifts.isEmpty ? 0 : shifts[node] }

    init(
        _ tree: TraceTree, operation: [UInt32], kinds: [SpanKind], status: [UInt8], host: [UInt32], hostCount: Int
    ) {
        let nodes = 0..<tree.count
        let isMissing = Array(large: tree.oddities.lazy.map { $0.contains(.missing) })
        let skew = ClockSkew(
            parent: tree.parent, start: tree.start, end: tree.end, kind: kinds, host: host,
            isUntimed: Array(large: nodes.lazy.map { isMissing[$0] || !tree.isTimed[$0] }), hostCount: hostCount)
        clocks = skew.offsets
        self.shifts =
            nodes.contains { skew.shift(of: $0) != 0 } ? Array(large: nodes.lazy.map { skew.shift(of: $0) }) : []

        let isError = Array(large: status.lazy.map { $0 == 2 })
        if isError.contains(true) {
            let found = ErrorOrigins(
                parent: tree.parent, isError: isError,
                isSilent: nodes.map {
                    isMissing[$0] || status[$0] == 0 && kinds[$0].rawValue <= SpanKind.internal.rawValue
                },
                isAsync: skew.isAsync)
            origins = nodes.filter { found.isOrigin[$0] }.map { Int32(truncatingIfNeeded: $0) }
        } else {
            origins = []
        }
        folds = SiblingFolds.find(
            parent: tree.parent, subtreeCount: tree.subtreeCount,
            key: Array(large: nodes.lazy.map { isMissing[$0] ? SiblingFolds.unlike : operation[$0] }),
            duration: Array(
                large: nodes.lazy.map { tree.end[$0] >= tree.start[$0] ? tree.end[$0] - tree.start[$0] : 0 }),
            isError: isError)
        uncovered = UncoveredTime.total(
            parent: tree.parent, start: tree.start, end: tree.end, isMissing: isMissing, from: tree.extent.start,
            to: tree.extent.end)
    }
}
