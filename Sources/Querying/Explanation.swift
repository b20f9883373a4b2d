import SegmentStore
import SelfTelemetry
import TraceModel

/// Where a trace or a span is, or why it is not here.
struct Explanation {
    enum Place: String { case stored, refused, deleted, unknown }

    struct Finding {
        var place: Place
        /// A sentence for a person.
        var text: String
        /// What to do next.
        var hint: String
        /// Of what is stored.
        var spans = 0
        var records: [StoredPlace] = []
    }

    let id: String
    private(set) var findings: [Finding] = []

    private static let maximumRecords = 32

    init(of given: GivenID, in source: any TraceSource, maxBytes: Int) throws {
        id = given.text
        let (records, spans) = try source.places(of: given.trace, limit: Self.maximumRecords)
        if spans > 0 { findings.append(Self.stored(given.trace, records, spans)) }
        var search: SpanSearch?
        if spans == 0, let span = given.span {
            let result = try source.find(span, maxBytes: maxBytes)
            search = result
            if let record = result.place { findings.append(Self.stored(span, record)) }
        }
        let refusals = source.newestRefusals()
        for refusal in refusals
        where refusal.traceIDs.contains(given.trace.description)
            || refusal.spanIDs.contains(given.text)
        {
            findings.append(Self.refused(refusal))
        }
        if findings.isEmpty { findings = Self.absent(given, search, refusals: refusals.count, source) }
    }

    private static func stored(_ id: TraceID, _ records: [StoredPlace], _ spans: Int) -> Finding {
        var text = "\(counted(spans, "span")) of trace \(id) \(spans == 1 ? "is" : "are") stored"
        if let first = records.first { text += "; the first came \(origin(first))" }
        return Finding(
            place: .stored, text: text + ".", hint: "hms-ops trace \(id) shows the trace.", spans: spans,
            records: records)
    }

    private static func stored(_ id: SpanID, _ record: StoredPlace) -> Finding {
        Finding(
            place: .stored, text: "Span \(id) is stored, in trace \(record.traceID); it came \(origin(record)).",
            hint: "hms-ops trace \(record.traceID) shows the trace.", spans: record.spans, records: [record])
    }

    private static func origin(_ record: StoredPlace) -> String {
        let sender =
            record.sender.map { "through sender \($0) as its batch \(record.sequence)" } ?? "without a sender's number"
        return "at \(WallClock.rfc3339(unixNanoseconds: record.receivedAt)) \(sender), and lies in segment "
            + "\(record.position.segment), frame \(record.position.frame)"
    }

    private static func refused(_ refusal: RefusalRing.Refusal) -> Finding {
        let hint =
            switch refusal.reason {
            case "busy":
                "The sender was asked to come again. If it did, the spans are stored; if it does not, they are lost."
            case "bad_identity":
                "The sender's trace or span ids are missing, zero or of the wrong length; mend them there."
            case "too_large": "Send smaller batches, or raise 'receive.max_message_bytes'."
            default: "Mend the sender; the request as it came is never taken."
            }
        return Finding(
            place: .refused,
            text: "Refused at \(WallClock.rfc3339(unixNanoseconds: refusal.time)) (\(refusal.reason)), from "
                + "\(refusal.peer) by \(refusal.door): \(refusal.detail).", hint: hint)
    }

    /// Nothing of it is here: what that can mean, the deletion of old data included.
    private static func absent(
        _ given: GivenID, _ search: SpanSearch?, refusals: Int, _ source: any TraceSource
    ) -> [Finding] {
        var findings: [Finding] = []
        var text =
            "Nothing with the id \(given.text) is stored here, and none of the last \(counted(refusals, "refusal")) "
            + "names it."
        if let search, !search.isComplete, let oldest = search.readBackTo {
            text += " Span ids have no index: records back to \(WallClock.rfc3339(unixNanoseconds: oldest)) were read."
        }
        findings.append(
            Finding(
                place: .unknown, text: text,
                hint: given.span == nil
                    ? "It may be on its way, in another collector, or never have been sent: ask the sidecar as well "
                        + "(hms-ops explain does), and compare the id with the x-hms-trace-id header."
                    : "If you know its trace, ask for that: a trace id is found however old it is."))
        if source.deletedSpans() > 0 {
            let kept = source.oldestArrival().map {
                "What is kept came at \(WallClock.rfc3339(unixNanoseconds: $0)) or later"
            }
            findings.append(
                Finding(
                    place: .deleted,
                    text: "\(kept ?? "Nothing is kept"): if it is older than that, retention has deleted it.",
                    hint: "'store.retention' and 'store.max_bytes' say how long data is kept."))
        }
        return findings
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
