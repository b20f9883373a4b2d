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
            json.member("program", "hms-sidecar")
            json.member("version", Product.version)
            json.member("instance", instance)
            json.member("time", WallClock.rfc3339(unixNanoseconds: WallClock.unixNanoseconds()))
            json.key("spool")
            let status = ledger.spool.status
            json.object { json in
                json.member("mode", status.isInMemory ? "memory" : "disk")
                json.member("directory", directory ?? "")
                json.member("bytes", UInt64(clamping: status.bytes))
                json.member("max_bytes", UInt64(clamping: status.maxBytes))
                if let trouble = status.trouble { json.member("trouble", trouble) }
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
            json.member("received", signal.received)
            json.member("accepted", signal.accepted)
            reasons("rejected", signal.rejected, &json)
            json.member("forwarded", signal.forwarded)
            json.member("spooled", signal.spooled)
            reasons("dropped", signal.dropped, &json)
        }
    }

    private static func reasons(_ key: String, _ reasons: [(reason: String, items: UInt64)], _ json: inout JSONWriter) {
        json.key(key)
        json.object { json in for (reason, items) in reasons { json.member(reason, items) } }
    }

    private static func sender(_ lane: LaneAccount, _ json: inout JSONWriter) {
        let figures = lane.figures
        json.object { json in
            json.member("id", "\(lane.sender)")
            json.member("signal", "\(lane.key.kind)")
            json.member("door", lane.key.door)
            json.member("collector", lane.key.collector)
            json.member("forwarded", figures.settled.forwarded)
            json.member("moved", figures.settled.moved)
            json.member("spooled", figures.spooled)
            let dropped = DropReason.allCases.map { ($0.rawValue, figures.settled.dropped($0)) }.filter { $0.1 > 0 }
            reasons("dropped", dropped, &json)
            json.member("next_sequence", figures.nextSequence)
            json.member("waiting_batches", UInt64(clamping: figures.waitingBatches))
        }
    }

    private static func udp(_ figures: SidecarLedger.UDPFigures, _ json: inout JSONWriter) {
        json.object { json in
            json.member("datagrams", figures.datagrams)
            json.member("missing", figures.totals.missing)
            json.member("late", figures.totals.late)
            json.member("duplicate", figures.totals.duplicates)
            json.member("kernel_drops", figures.kernelDrops)
            json.key("producers")
            json.array { json in
                for producer in figures.producers {
                    json.object { json in
                        let id = String(producer.id, radix: 16)
                        json.member("id", String(repeating: "0", count: 16 - id.count) + id)
                        json.member("highest", producer.highest)
                        json.member("missing", producer.missing)
                        json.member("late", producer.late)
                        json.member("duplicate", producer.duplicates)
                    }
                }
            }
        }
    }

    private static func refusal(_ refusal: RefusalRing.Refusal, _ json: inout JSONWriter) {
        json.object { json in
            json.member("time", WallClock.rfc3339(unixNanoseconds: refusal.time))
            json.member("reason", refusal.reason)
            json.member("peer", refusal.peer)
            json.member("door", refusal.door)
            json.member("signal", refusal.signal)
            json.member("items", UInt64(clamping: refusal.items))
            json.member("count", UInt64(clamping: refusal.count))
            for (key, ids) in [("trace_ids", refusal.traceIDs), ("span_ids", refusal.spanIDs)] {
                json.key(key)
                json.array { json in for id in ids { json.string(id) } }
            }
            json.member("detail", refusal.detail)
        }
    }
}
