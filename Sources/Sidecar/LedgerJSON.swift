import Configuration
import JSON
import Receiving
import SelfTelemetry
import Spool
import WireFormat

/// The ledger as `GET /ledger` gives it.
enum LedgerJSON {
    static func write(_ ledger: SidecarLedger, directory: String?, instance: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.pair("program", "hms-sidecar")
            json.pair("version", Product.version)
            json.pair("instance", instance)
            json.pair("time", WallClock.rfc3339(unixNanoseconds: WallClock.unixNanoseconds()))
            json.key("spool")
            let status = ledger.spool.status
            json.object { json in
                json.pair("mode", status.isInMemory ? "memory" : "disk")
                json.pair("directory", directory ?? "")
                json.pair("bytes", UInt64(clamping: status.bytes))
                json.pair("max_bytes", UInt64(clamping: status.maxBytes))
                if let trouble = status.trouble { json.pair("trouble", trouble) }
            }
            json.key("signals")
            json.object { json in
                for kind in SignalKind.allCases {
                    json.key("\(kind)")
                    signal(ledger.signal(kind), &json)
                }
            }
            json.key("senders")
            json.array { json in for lane in ledger.spool.lanes { sender(lane, &json) } }
            json.key("udp")
            udp(ledger.udpFigures, &json)
            json.key("refusals")
            json.array { json in for refusal in ledger.refusals.newestFirst { Self.refusal(refusal, &json) } }
        }
        return json.bytes
    }

    private static func signal(_ signal: SidecarLedger.Signal, _ json: inout JSONWriter) {
        json.object { json in
            json.pair("received", signal.received)
            json.pair("accepted", signal.accepted)
            reasons("rejected", signal.rejected, &json)
            json.pair("forwarded", signal.forwarded)
            json.pair("spooled", signal.spooled)
            reasons("dropped", signal.dropped, &json)
        }
    }

    private static func reasons(_ key: String, _ reasons: [(reason: String, items: UInt64)], _ json: inout JSONWriter) {
        json.key(key)
        json.object { json in for (reason, items) in reasons { json.pair(reason, items) } }
    }

    private static func sender(_ lane: LaneAccount, _ json: inout JSONWriter) {
        let figures = lane.figures
        json.object { json in
            json.pair("id", "\(lane.sender)")
            json.pair("signal", "\(lane.key.kind)")
            json.pair("door", lane.key.door)
            json.pair("collector", lane.key.collector)
            json.pair("forwarded", figures.settled.forwarded)
            json.pair("moved", figures.settled.moved)
            json.pair("spooled", figures.spooled)
            let dropped = DropReason.allCases.map { ($0.rawValue, figures.settled.dropped($0)) }.filter { $0.1 > 0 }
            reasons("dropped", dropped, &json)
            json.pair("next_sequence", figures.nextSequence)
            json.pair("waiting_batches", UInt64(clamping: figures.waitingBatches))
        }
    }

    private static func udp(_ figures: SidecarLedger.UDPFigures, _ json: inout JSONWriter) {
        json.object { json in
            json.pair("datagrams", figures.datagrams)
            json.pair("missing", figures.totals.missing)
            json.pair("late", figures.totals.late)
            json.pair("duplicate", figures.totals.duplicates)
            json.pair("kernel_drops", figures.kernelDrops)
            json.key("producers")
            json.array { json in
                for producer in figures.producers {
                    json.object { json in
                        let id = String(producer.id, radix: 16)
                        json.pair("id", String(repeating: "0", count: 16 - id.count) + id)
                        json.pair("highest", producer.highest)
                        json.pair("missing", producer.missing)
                        json.pair("late", producer.late)
                        json.pair("duplicate", producer.duplicates)
                    }
                }
            }
        }
    }

    private static func refusal(_ refusal: RefusalRing.Refusal, _ json: inout JSONWriter) {
        json.object { json in
            json.pair("time", WallClock.rfc3339(unixNanoseconds: refusal.time))
            json.pair("reason", refusal.reason)
            json.pair("peer", refusal.peer)
            json.pair("door", refusal.door)
            json.pair("signal", refusal.signal)
            json.pair("items", UInt64(clamping: refusal.items))
            json.pair("count", UInt64(clamping: refusal.count))
            for (key, ids) in [("trace_ids", refusal.traceIDs), ("span_ids", refusal.spanIDs)] {
                json.key(key)
                json.array { json in for id in ids { json.string(id) } }
            }
            json.pair("detail", refusal.detail)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func pair(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    fileprivate mutating func pair(_ key: String, _ value: UInt64) {
        self.key(key)
        number(value)
    }
}
