import JSON
import SelfTelemetry
import Spool
import TraceModel

/// An id that somebody asks about: of a trace or of a span.
struct SoughtID {
    let text: String
    /// As it stands in OTLP.
    let bytes: [UInt8]

    init?(_ text: String) {
        self.text = text.lowercased()
        if let trace = TraceID(hex: text) {
            bytes = Self.bigEndian(trace.high) + Self.bigEndian(trace.low)
        } else if let span = SpanID(hex: text) {
            bytes = Self.bigEndian(span.value)
        } else {
            return nil
        }
    }

    private static func bigEndian(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
    }
}

/// Where a trace or span is in this sidecar, or why it is not.
enum Explanation {
    static func write(_ id: SoughtID, in ledger: SidecarLedger) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("id")
            json.string(id.text)
            json.key("findings")
            json.array { json in
                for (place, text) in findings(id, in: ledger) {
                    json.object { json in
                        json.key("where")
                        json.string(place)
                        json.key("text")
                        json.string(text)
                    }
                }
            }
        }
        return json.bytes
    }

    private static func findings(_ id: SoughtID, in ledger: SidecarLedger) -> [(place: String, text: String)] {
        var found: [(String, String)] = []
        for refusal in ledger.refusals.newestFirst
        where refusal.traceIDs.contains(id.text) || refusal.spanIDs.contains(id.text) {
            let time = WallClock.rfc3339(unixNanoseconds: refusal.time)
            found.append(
                ("refused", "refused at \(time) by door \(refusal.door): \(refusal.reason), \(refusal.detail)"))
        }
        let search = SpoolSearch(ledger.spool)
        for place in search.find(id.bytes) {
            let lane =
                "lane \(place.lane.key.door)/\(place.lane.key.kind), batch \(place.batch) of \(place.lane.sender)"
            found.append(
                place.isSettled
                    ? ("forwarded", "was sent to \(place.lane.key.collector) and answered for: \(lane)")
                    : ("spool", "waits to be sent to \(place.lane.key.collector): \(lane)"))
        }
        return found
    }
}
