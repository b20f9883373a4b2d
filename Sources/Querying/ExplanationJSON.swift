import JSON
import SegmentStore
import SelfTelemetry
import TraceModel

/// `/api/v1/explain/{id}`.
enum ExplanationJSON {
    static func write(_ explanation: Explanation) -> [UInt8] {
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.member("id", explanation.id)
            writer.key("findings")
            writer.array { writer in
                for finding in explanation.findings { write(finding, to: &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(_ finding: Explanation.Finding, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("where", finding.place.rawValue)
            writer.member("text", finding.text)
            writer.member("hint", finding.hint)
            guard finding.place == .stored else { return }
            writer.member("spans", finding.spans)
            writer.key("records")
            writer.array { writer in
                for record in finding.records { write(record, to: &writer) }
            }
        }
    }

    private static func write(_ record: StoredPlace, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("trace_id", record.traceID.description)
            writer.member("segment", UInt64(record.position.segment))
            writer.member("frame", UInt64(record.position.frame))
            writer.member("arrived", WallClock.rfc3339(unixNanoseconds: record.receivedAt))
            writer.member("spans", record.spans)
            if let sender = record.sender {
                writer.member("sender", sender.description)
                writer.member("sequence", record.sequence)
            }
        }
    }
}
