import JSON
import OTLP
import QueryLanguage
import TraceAssembly
import TraceComparison
import TraceModel

/// `/api/v1/compare` as JSON.
enum CompareJSON {
    // MARK: Two traces

    static func write(_ difference: TraceDifference, _ a: TraceSummary, _ b: TraceSummary, isPart: Bool) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024 + difference.rows.count * 400)
        writer.object { writer in
            writer.member("kind", "traces")
            for (name, summary) in [("a", a), ("b", b)] {
                writer.key(name)
                writer.object { writer in
                    writer.members(of: summary)
                    writer.member("criticalNs", summary.criticalTime)
                }
            }
            writer.key("rows")
            writer.array { writer in
                for row in difference.rows { write(row, to: &writer) }
            }
            writer.member("rowCount", difference.rowCount)
            writer.member("truncated", difference.isTruncated || isPart)
            writer.key("verdict")
            writer.object { writer in
                writer.member("text", difference.verdict.text)
                writer.key("row")
                if let row = difference.verdict.row { writer.number(row) } else { writer.null() }
            }
        }
        return writer.bytes
    }

    private static func write(_ row: TraceDifference.Row, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("depth", row.depth)
            writer.member("service", row.service)
            writer.member("name", row.name)
            writer.member("spanKind", row.kind.description)
            writer.member("change", row.change.rawValue)
            write("a", row.a, to: &writer)
            write("b", row.b, to: &writer)
            writer.key("deltaNs")
            writer.number(row.delta)
            writer.key("ownDeltaNs")
            writer.number(row.ownDelta)
        }
    }

    private static func write(_ name: String, _ side: TraceDifference.Side?, to writer: inout JSONWriter) {
        writer.key(name)
        guard let side else { return writer.null() }
        writer.object { writer in
            writer.member("index", side.index)
            writer.member("spanId", side.spanID.description)
            writer.member("durationNs", side.duration)
            writer.member("selfNs", side.selfTime)
            writer.member("criticalNs", side.criticalTime)
            if side.errors > 0 {
                writer.member("error", true)
                writer.member("errors", side.errors)
            }
            writer.member("count", side.count)
        }
    }

    // MARK: Two populations

    static func write(_ comparison: PopulationComparison, _ a: ComparedPopulation, _ b: ComparedPopulation) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024 + comparison.causes.count * 800)
        writer.object { writer in
            writer.member("kind", "populations")
            for (name, population) in [("a", a), ("b", b)] {
                writer.key(name)
                write(population, to: &writer)
            }
            writer.key("causes")
            writer.array { writer in
                for cause in comparison.causes { write(cause, to: &writer) }
            }
            writer.key("verdict")
            writer.object { writer in
                writer.member("text", comparison.verdict)
                writer.key("row")
                if comparison.causes.isEmpty { writer.null() } else { writer.number(0) }
            }
        }
        return writer.bytes
    }

    private static func write(_ population: ComparedPopulation, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("query", population.query)
            writer.member("traces", population.digest.traceCount)
            writer.member("failed", population.digest.failedCount)
            writer.member("complete", population.isComplete)
            if let stopped = population.stopped { writer.member("stoppedBy", stopped) }
            writer.member("truncated", population.isTruncated)
            if population.unreadable > 0 { writer.member("unreadable", population.unreadable) }
            if population.shared > 0 { writer.member("shared", population.shared) }
            for (name, percent) in [("p50Ns", 50), ("p95Ns", 95)] {
                if let duration = population.digest.duration(percent: percent) { writer.member(name, duration) }
            }
        }
    }

    private static func write(_ cause: Cause, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("kind", cause.kind.rawValue)
            writer.member("what", cause.what)
            writer.member("where", cause.where)
            for (name, value) in [("shareA", cause.shareA), ("shareB", cause.shareB), ("score", cause.score)] {
                writer.key(name)
                writer.double((value * 10_000).rounded() / 10_000)
            }
            writer.member("extraNs", UInt64(max(0, min(cause.extra, 1e18))))
            writer.member("text", cause.text)
            writer.member("query", cause.query.description)
            writer.key("examples")
            writer.array { writer in
                for id in cause.examples { writer.string(id.description) }
            }
            writer.key("alongside")
            writer.array { writer in
                for fellow in cause.alongside {
                    writer.object { writer in
                        writer.member("kind", fellow.kind.rawValue)
                        writer.member("what", fellow.what)
                        writer.member("where", fellow.where)
                    }
                }
            }
        }
    }
}
