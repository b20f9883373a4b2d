import OTLP
import Summaries
import TraceAssembly
import SpanColumns

/// How long spans took in one hour, by service, operation and kind.
struct LatencyHistory: Sendable {
    struct Key: Hashable {
        var service: String
        /// Clustered, as figures name it.
        var operation: String
        var kind: UInt8
    }
    let tables: [Key: RankTable]
    /// In Unix nanoseconds.
    let from: UInt64
    let to: UInt64

    static let minutes: UInt64 = 60
    /// Operations that have one, those with most spans.
    private static let maximumOperations = 10_000

    /// The hour before a moment's minute: what came in the minute itself may still grow.
    static func filter(before minute: UInt64) -> SummaryFilter {
        var filter = SummaryFilter()
        filter.from = (minute - min(minute, minutes)) * SummaryMinute.nanoseconds
        filter.to = minute * SummaryMinute.nanoseconds
        return filter
    }

    init(_ summary: Summary, _ filter: SummaryFilter) {
        var tables: [Key: RankTable] = [:]
        for report in summary.red(filter, withPoints: false, limit: Self.maximumOperations).elements {
            let groups = report.total.durations.buckets.compactMap { bucket -> RankTable.Group? in
                guard bucket.count > 0 else { return nil }
                let range = DurationBuckets.range(of: bucket.index)
                return RankTable.Group(
                    lower: range.lowerBound, upper: range.upperBound &+ 1, count: UInt64(bucket.count))
            }
            let key = Key(service: report.service, operation: report.operation, kind: report.kind)
            tables[key] = RankTable(groups)
        }
        self.tables = tables
        (from, to) = (filter.from ?? 0, filter.to ?? 0)
    }

    /// For each operation of a trace but for the last, which is that of placeholders.
    func tables(for operations: [SpanOperation], _ texts: TextTable) -> [RankTable?] {
        guard !tables.isEmpty else { return [] }
        return operations.dropLast().map { operation in
            self.table(service: texts[Int(operation.service)], name: texts[Int(operation.name)], kind: operation.kind)
        }
    }

    func table(service: String, name: String, kind: UInt8) -> RankTable? {
        tables[Key(service: service, operation: OperationName.cluster(name), kind: kind)]
    }
}
