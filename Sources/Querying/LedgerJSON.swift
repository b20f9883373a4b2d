import JSON
import SegmentStore
import SelfTelemetry

/// `/api/v1/ledger`. Numbers are written as numbers: readers that keep 53 bits of them are exact for ten million years of
/// a billion items a year.
enum LedgerJSON {
    private static let signals: [(name: String, count: @Sendable (ItemCounts) -> UInt64)] = [
        ("traces", { $0.spans }), ("metrics", { $0.points }), ("logs", { $0.logs }),
    ]

    static func write(
        _ ledger: LedgerFigures, _ refusals: [RefusalRing.Refusal], version: String, at time: UInt64
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024 + ledger.senders.count * 320 + refusals.count * 300)
        writer.object { writer in
            writer.member("program", "hms-collector")
            writer.member("version", version)
            writer.member("time", WallClock.rfc3339(unixNanoseconds: time))
            writer.key("signals")
            writer.object { writer in
                for signal in signals {
                    writer.key(signal.name)
                    write(ledger, signal.count, to: &writer)
                }
            }
            writer.key("senders")
            writer.array { writer in
                for sender in ledger.senders { write(sender, to: &writer) }
            }
            writer.key("refusals")
            writer.array { writer in
                for refusal in refusals { write(refusal, to: &writer) }
            }
        }
        return writer.bytes
    }

    private static func write(
        _ ledger: LedgerFigures, _ count: (ItemCounts) -> UInt64, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("arrived", count(ledger.arrived))
            writer.member("stored", count(ledger.stored))
            writer.member("duplicate", count(ledger.duplicates))
            writer.key("rejected")
            writer.object { writer in
                for (reason, counts) in ledger.rejected.sorted(by: { $0.key < $1.key }) where count(counts) > 0 {
                    writer.member(reason, count(counts))
                }
            }
            writer.member("held", count(ledger.held))
            writer.member("deleted", count(ledger.deleted))
            writer.member("damaged", count(ledger.damaged))
        }
    }

    private static func write(_ sender: LedgerFigures.Sender, to writer: inout JSONWriter) {
        func counts(_ name: String, _ items: ItemCounts) {
            writer.key(name)
            writer.object { writer in
                for signal in signals { writer.member(signal.name, signal.count(items)) }
            }
        }
        writer.beginObject()
        writer.member("id", sender.id.description)
        counts("stored", sender.stored)
        counts("duplicate", sender.duplicates)
        if let last = sender.lastSequence { writer.member("last_sequence", last) }
        writer.member("last_seen", WallClock.rfc3339(unixNanoseconds: sender.lastSeen))
        writer.endObject()
    }

    private static func write(_ refusal: RefusalRing.Refusal, to writer: inout JSONWriter) {
        func list(_ name: String, _ texts: [String]) {
            writer.key(name)
            writer.array { writer in
                for text in texts { writer.string(text) }
            }
        }
        writer.beginObject()
        writer.member("time", WallClock.rfc3339(unixNanoseconds: refusal.time))
        writer.member("reason", refusal.reason)
        writer.member("peer", refusal.peer)
        writer.member("door", refusal.door)
        writer.member("signal", refusal.signal)
        writer.member("items", refusal.items)
        writer.member("count", refusal.count)
        list("trace_ids", refusal.traceIDs)
        if !refusal.spanIDs.isEmpty { list("span_ids", refusal.spanIDs) }
        writer.member("detail", refusal.detail)
        writer.endObject()
    }
}
