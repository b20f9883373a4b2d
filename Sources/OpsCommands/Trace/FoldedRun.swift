import TraceAssembly

/// Alike siblings that stand as one row: their times added up, and where on the axis they and what is below them ran.
struct FoldedRun {
    /// The first of them.
    let first: TraceRow
    /// Index of the last row that was added.
    private(set) var last = 0
    private(set) var siblings = 0
    private(set) var errors = 0
    private(set) var duration: UInt64 = 0
    private(set) var selfTime: UInt64 = 0
    private(set) var criticalTime: UInt64 = 0
    /// As the collector says; of one that does not, the hottest.
    var step: LatencyStep { first.fold?.step ?? hottest }
    private var hottest = LatencyStep.negligible
    private(set) var hasOrigin = false
    private(set) var bar: RowBar

    init(_ first: TraceRow, _ bar: RowBar) {
        self.first = first
        self.bar = bar
        add(first)
    }

    mutating func add(_ row: TraceRow) {
        last = row.index
        if row.depth == first.depth {
            siblings += 1
            duration = Self.sum(duration, row.duration)
            selfTime = Self.sum(selfTime, row.selfTime)
        }
        if row.isError { errors += 1 }
        if row.isOrigin { hasOrigin = true }
        criticalTime = Self.sum(criticalTime, row.criticalTime)
        hottest = max(hottest, row.step)
        bar.draw(row)
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
