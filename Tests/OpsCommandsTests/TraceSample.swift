import JSON
import OpsCommands
import TraceAssembly

/// Rows as a collector would give them, built from a few words each.
struct TraceSample {
    var overview = TraceOverview()
    var rows: [TraceRow] = []

    /// `duration` in nanoseconds; the start is 2026-03-04 05:06:07.123 UTC.
    init(duration: UInt64) {
        overview.traceID = "0102030405060708090a0b0c0d0e0f10"
        overview.start = 1_772_600_767_123_000_000
        overview.duration = duration
        overview.criticalTime = duration
    }

    /// Adds a row; rows come in depth-first order.
    mutating func add(
        _ depth: Int, _ service: String, _ name: String, _ offset: UInt64, _ duration: UInt64, own: UInt64? = nil,
        path: [(UInt64, UInt64)] = [], step: LatencyStep = .negligible, _ change: (inout TraceRow) -> Void = { _ in }
    ) {
        var row = TraceRow(index: rows.count, spanID: "000000000000000\(String(rows.count % 16, radix: 16))")
        (row.depth, row.service, row.name) = (depth, service, name)
        (row.offset, row.duration, row.selfTime) = (offset, duration, own ?? duration)
        row.path = path.map { TraceRow.Stretch($0.0, $0.1) }
        row.criticalTime = path.reduce(0) { $0 + $1.1 }
        row.step = step
        change(&row)
        rows.append(row)
    }

    /// Fills in what follows from the rows.
    mutating func finish() {
        for index in rows.indices {
            var end = index + 1
            while end < rows.count, rows[end].depth > rows[index].depth { end += 1 }
            rows[index].subtreeCount = end - index
            rows[index].childCount = rows[index..<end].count { $0.depth == rows[index].depth + 1 }
        }
        overview.rows = Array(rows.prefix(300))
        overview.nodeCount = rows.count
        overview.spanCount = rows.count { $0.absence == nil }
        overview.missingCount = rows.count { $0.absence != nil }
        overview.awaitedCount = rows.count { $0.absence == .awaited }
        overview.errorCount = rows.count { $0.isError }
        overview.errors = rows.filter(\.isError).map(\.index)
        overview.origins = rows.filter(\.isOrigin)
        overview.serviceCount = Set(rows.filter { $0.absence == nil }.map(\.service)).count
        overview.rootService = rows.first?.service ?? ""
        overview.rootName = rows.first?.name ?? ""
        let held = rows.filter { $0.criticalTime > 0 }
        overview.slow = held.sorted { ($1.criticalTime, $0.index) < ($0.criticalTime, $1.index) }
    }

    /// What is printed, line by line; pages are of `pageSize` rows, and `log` tells which were asked for.
    func lines(
        width: Int = 90, isColoured: Bool = false, pageSize: Int = 1000, log: PageLog? = nil,
        _ choose: (inout TraceSelection) -> Void = { _ in }
    ) throws -> [String] {
        try text(width: width, isColoured: isColoured, pageSize: pageSize, log: log, choose)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    func text(
        width: Int = 90, isColoured: Bool = false, pageSize: Int = 1000, log: PageLog? = nil,
        _ choose: (inout TraceSelection) -> Void = { _ in }
    ) throws -> String {
        var selection = TraceSelection()
        choose(&selection)
        var printer = TracePrinter(overview, selection, TerminalTree.Style(width: width, isColoured: isColoured))
        var text = ""
        let rows = rows
        let cursor = TraceRowCursor(overview) { offset, limit in
            log?.offsets.append(offset)
            return Array(rows[offset..<min(rows.count, offset + min(limit, pageSize))])
        }
        try printer.print(cursor) {
            text += $0
            return true
        }
        return text
    }
}

/// Where the pages began that were asked for.
final class PageLog {
    var offsets: [Int] = []
}
