import SpanColumns
import TraceAssembly

/// What the spans of each operation of a trace took.
struct TraceOperations {
    struct Row {
        var operation: UInt32
        var count = 0
        var errors = 0
        var total: UInt64 = 0
        var own: UInt64 = 0
        var critical: UInt64 = 0
        var p50: UInt64 = 0
        var p95: UInt64 = 0
        var longest: UInt64 = 0
        /// The node that took longest.
        var slowest = 0
        var step = LatencyStep.negligible
    }
    /// Those with most time of their own first.
    private(set) var rows: [Row] = []

    private static let maximum = 2000

    init(_ shape: TraceShape) {
        var nodesOf: [[Int32]] = Array(repeating: [], count: shape.operations.count)
        for node in 0..<shape.count where !shape.isMissing(node) {
            nodesOf[Int(shape.operation[node])].append(Int32(truncatingIfNeeded: node))
        }
        for (operation, nodes) in nodesOf.enumerated() where !nodes.isEmpty {
            var row = Row(operation: UInt32(operation))
            row.count = nodes.count
            row.slowest = Int(nodes[0])
            for node in nodes.lazy.map({ Int($0) }) {
                if shape.isError(node) { row.errors += 1 }
                row.total &+= shape.duration(node)
                row.own &+= shape.selfTime[node]
                row.critical &+= shape.criticalTime[node]
                row.step = max(row.step, shape.colours.step[node])
                if shape.duration(node) > shape.duration(row.slowest) { row.slowest = node }
            }
            let durations = nodes.map { shape.duration(Int($0)) }.sorted()
            row.p50 = durations[(durations.count * 50 + 99) / 100 - 1]
            row.p95 = durations[(durations.count * 95 + 99) / 100 - 1]
            row.longest = durations[durations.count - 1]
            rows.append(row)
        }
        rows.sort { ($1.own, $1.total, $0.operation) < ($0.own, $0.total, $1.operation) }
        rows = Array(rows.prefix(Self.maximum))
    }
}
