import TraceAssembly

/// What explains most of the difference between two traces, in a sentence. Counts the time for which a trace waited for the very
/// spans of a row: how long a span lasted says nothing, as it contains what it waited for.
struct TraceVerdict {
    private let a: AssembledTrace
    private let b: AssembledTrace
    private let rows: [TraceDifference.Row]
    /// For each row the time that it explains: of calls that only one trace makes, or makes more often, the topmost explains what
    /// all below it took.
    private var explained: [Int64]
    /// Rows that explain for those below them.
    private var isSummed: [Bool]

    /// Traces that differ by less than this part of the longer took the same time.
    private static let alike = 20

    init(_ a: AssembledTrace, _ b: AssembledTrace, _ rows: [TraceDifference.Row]) {
        (self.a, self.b, self.rows) = (a, b, rows)
        explained = rows.map(\.ownDelta)
        isSummed = Array(repeating: false, count: rows.count)
        var counters = [Int?](repeating: nil, count: rows.count)
        for index in rows.indices {
            if let parent = rows[index].parent, let counter = counters[parent] {
                counters[index] = counter
                explained[counter] = Self.sum(explained[counter], explained[index])
                explained[index] = 0
            } else if Self.isMadeMoreOften(rows[index]) {
                counters[index] = index
                isSummed[index] = true
            }
        }
    }

    private static func isMadeMoreOften(_ row: TraceDifference.Row) -> Bool {
        guard let a = row.a, let b = row.b else { return true }
        return max(a.count, b.count) >= 2 * min(a.count, b.count)
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? (left > 0 ? .max : .min) : sum
    }

    var verdict: TraceDifference.Verdict {
        let (lengthA, lengthB) = (a.summary.duration, b.summary.duration)
        guard !rows.isEmpty else { return TraceDifference.Verdict(text: "Neither trace has a span.", row: nil) }
        let (longer, shorter) = (max(lengthA, lengthB), min(lengthA, lengthB))
        guard longer - shorter > longer / UInt64(Self.alike) else {
            let head = "Both took about the same time, \(TimeText.duration(lengthA)) and \(TimeText.duration(lengthB))"
            guard let failed = failed else {
                return TraceDifference.Verdict(text: head + ".", row: nil)
            }
            return TraceDifference.Verdict(text: head + "; " + failed.text + ".", row: failed.row)
        }
        let isALonger = lengthA > lengthB
        let head =
            "\(isALonger ? "A" : "B") took \(TimeText.duration(longer - shorter)) longer than \(isALonger ? "B" : "A")"
        let best = rows.indices.max { left, right in
            let (mine, other) = isALonger ? (explained[left], explained[right]) : (-explained[left], -explained[right])
            return mine < other || (mine == other && left > right)
        }
        guard let best, isALonger ? explained[best] > 0 : explained[best] < 0 else {
            return TraceDifference.Verdict(
                text: head + "; the difference is time in which no span ran.", row: nil)
        }
        return TraceDifference.Verdict(
            text: head + ": " + reason(best, of: longer - shorter, isALonger) + ending(best), row: best)
    }

    private func reason(_ index: Int, of total: UInt64, _ isALonger: Bool) -> String {
        let row = rows[index]
        let title = Operation(service: row.service, name: row.name).title
        let time = explained[index].magnitude
        // Other rows may have been faster meanwhile.
        let share = time >= total ? "all of it" : TimeText.percent(time, of: total) + " of it"
        let explains = "\(title) explains \(TimeText.duration(time)), \(share)"
        guard let a = row.a, let b = row.b else {
            return explains + ", and only \(isALonger ? "A" : "B") has it"
        }
        if isSummed[index] { return explains + ", called \(a.count) times in A and \(b.count) times in B" }
        return explains
            + " (\(TimeText.duration(a.criticalTime)) of its own in A, \(TimeText.duration(b.criticalTime)) in B)"
    }

    /// Of a failure elsewhere.
    private func ending(_ best: Int) -> String {
        if rows[best].change == .status {
            return rows[best].a.map { $0.errors > 0 } == true ? "; it failed in A." : "; it failed in B."
        }
        return failed.map { "; " + $0.text + "." } ?? "."
    }

    /// The deepest row that failed in one trace alone.
    private var failed: (row: Int, text: String)? {
        var found: Int?
        for index in rows.indices where (rows[index].a?.errors ?? 0 > 0) != (rows[index].b?.errors ?? 0 > 0) {
            if found.map({ rows[$0].depth < rows[index].depth }) ?? true { found = index }
        }
        guard let found else { return nil }
        let title = Operation(service: rows[found].service, name: rows[found].name).title
        let (failing, other) = rows[found].a?.errors ?? 0 > 0 ? ("A", "B") : ("B", "A")
        return (found, "\(title) failed in \(failing) and not in \(other)")
    }
}
