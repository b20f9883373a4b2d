import JSON
import SelfTelemetry
package import Summaries
import TraceModel

/// `/api/v1/red`: what a merged `Summary` says, as JSON. Durations are nanoseconds.
package enum FiguresJSON {
    /// What all answers say of themselves.
    package struct Header: Sendable {
        /// Unix nanoseconds: what was acknowledged until then is in the figures.
        package var asOf: UInt64

        package init(asOf: UInt64) { self.asOf = asOf }
    }

    /// Operations, those with most spans first, each with points in order of time.
    package static func red(_ summary: Summary, _ filter: SummaryFilter, _ header: Header, limit: Int) -> [UInt8] {
        let page = summary.red(filter.ofMergedRows, limit: limit)
        var writer = JSONWriter(capacity: 512 + page.elements.count * 1024)
        writer.object { writer in
            write(header, filter, summary, isTruncated: page.isTruncated, to: &writer)
            writer.member("step", Int(max(1, filter.stepMinutes)) * 60)
            writer.key("operations")
            writer.array { writer in
                for report in page.elements { write(report, filter, to: &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(
        _ header: Header, _ filter: SummaryFilter, _ summary: Summary, isTruncated: Bool, to writer: inout JSONWriter
    ) {
        writer.member("asOf", WallClock.rfc3339(unixNanoseconds: header.asOf))
        if let from = filter.from { writer.member("from", WallClock.rfc3339(unixNanoseconds: from)) }
        if let to = filter.to { writer.member("to", WallClock.rfc3339(unixNanoseconds: to)) }
        writer.member("truncated", isTruncated)
        writer.member("beyondBounds", summary.beyondBounds)
        // Percentiles are at most 1/128 off.
        writer.key("relativeError")
        writer.double(0.0078125)
    }

    private static func write(_ report: OperationReport, _ filter: SummaryFilter, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("service", report.service)
            writer.member("operation", report.operation)
            writer.member("kind", kinds[Int(min(report.kind, 5))])
            write(report.total, filter, to: &writer)
            write("slowest", report.total.slowest, to: &writer)
            write("slowestFailed", report.total.slowestFailed, to: &writer)
            writer.key("points")
            writer.array { writer in
                for point in report.points {
                    writer.object { writer in
                        // Spans without a time that can be are in a point without one.
                        if point.minute != SummaryMinute.noTime {
                            let begin = UInt64(point.minute) * SummaryMinute.nanoseconds
                            writer.member("time", WallClock.rfc3339(unixNanoseconds: begin))
                        }
                        write(point.figures, to: &writer)
                    }
                }
            }
        }
    }

    private static let kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"]

    /// With the rate a second, if the time that was asked for has a beginning and an end.
    private static func write(_ figures: Figures, _ filter: SummaryFilter, to writer: inout JSONWriter) {
        if let from = filter.from, let to = filter.to, to > from {
            writer.key("rate")
            writer.double(Double(max(0, figures.count)) * 1e9 / Double(to - from))
        }
        write(figures, to: &writer)
    }

    static func write(_ figures: Figures, to writer: inout JSONWriter) {
        writer.member("count", UInt64(max(0, figures.count)))
        writer.member("errors", UInt64(max(0, figures.errors)))
        for (name, perMille) in [("p50", 500), ("p95", 950), ("p99", 990)] {
            if let value = figures.durations.percentile(perMille: perMille) { writer.member(name, value) }
        }
    }

    private static func write(_ name: String, _ exemplar: Exemplar?, to writer: inout JSONWriter) {
        guard let exemplar else { return }
        writer.key(name)
        writer.object { writer in
            writer.member("trace", exemplar.trace.description)
            writer.member("duration", exemplar.duration)
        }
    }
}
