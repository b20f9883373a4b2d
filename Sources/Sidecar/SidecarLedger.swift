import Files
import Receiving
import SelfTelemetry
import Spool
import Synchronization
import WireFormat

/// The sidecar's account of every span, data point and log record. `received = accepted + rejected` and
/// `accepted = forwarded + spooled + dropped` hold whenever it is read, over restarts: what was accepted and what became of it
/// is read from the lanes, what was turned away from counters that outlive the process. Used by all threads.
final class SidecarLedger: Sendable {
    static let duplicate = "duplicate"

    let spool: Spool
    let refusals: RefusalRing
    private let kept: KeptCounters
    private let udp = Mutex<UDPFigures>(UDPFigures())

    struct UDPFigures: Sendable {
        var datagrams: UInt64 = 0
        var kernelDrops: UInt64 = 0
        var totals = ProducerTable.Totals()
        var producers: [ProducerTable.Producer] = []
    }

    init(spool: Spool, refusals: RefusalRing, kept: KeptCounters) {
        self.spool = spool
        self.refusals = refusals
        self.kept = kept
    }

    /// The names under which what was turned away is kept.
    static let keptNames: [String] =
        SignalKind.allCases.flatMap { kind in
            IngestCounters.Reason.allCases.map { name(kind, $0.rawValue) } + [name(kind, duplicate)]
        } + ["udp.datagrams", "udp.kernel_drops"]

    private static func name(_ kind: SignalKind, _ reason: String) -> String { "\(kind).\(reason)" }

    func countRejected(_ kind: SignalKind, _ items: Int, _ reason: String) {
        kept.add(Self.name(kind, reason), UInt64(clamping: items))
    }

    // MARK: figures

    struct Signal: Equatable, Sendable {
        var accepted: UInt64 = 0
        var forwarded: UInt64 = 0
        var spooled: UInt64 = 0
        var rejected: [(reason: String, items: UInt64)] = []
        var dropped: [(reason: String, items: UInt64)] = []
        var received: UInt64 { rejected.reduce(accepted) { $0 + $1.items } }

        static func == (left: Signal, right: Signal) -> Bool {
            (left.accepted, left.forwarded, left.spooled, left.received)
                == (right.accepted, right.forwarded, right.spooled, right.received)
        }
    }

    func signal(_ kind: SignalKind) -> Signal {
        var signal = Signal()
        var dropped = [UInt64](repeating: 0, count: DropReason.allCases.count)
        // What was moved is read before where it was moved from, so that nothing is forwarded that was not accepted.
        let lanes = spool.lanes.filter { $0.key.kind == kind }
        for lane in lanes.filter({ $0.key.door == LaneKey.moved }) + lanes.filter({ $0.key.door != LaneKey.moved }) {
            let figures = lane.figures
            // What came from another lane was accepted there.
            if lane.key.door != LaneKey.moved { signal.accepted += figures.accepted }
            signal.forwarded += figures.settled.forwarded
            for (index, reason) in DropReason.allCases.enumerated() {
                dropped[index] += figures.settled.dropped(reason)
            }
        }
        signal.dropped = zip(DropReason.allCases, dropped).map { ($0.rawValue, $1) }.filter { $0.1 > 0 }
        // What is being moved stands in two lanes for a moment, and counts once.
        let settled = signal.forwarded + dropped.reduce(0, +)
        signal.spooled = signal.accepted - min(settled, signal.accepted)
        signal.rejected = (IngestCounters.Reason.allCases.map(\.rawValue) + [Self.duplicate])
            .map { ($0, kept.get(Self.name(kind, $0))) }.filter { $0.1 > 0 }
        return signal
    }

    var udpFigures: UDPFigures { udp.withLock { $0 } }

    /// Called by the UDP loop, each second and when it ends.
    func publish(_ producers: ProducerTable, newDatagrams: UInt64, newKernelDrops: UInt64) {
        kept.add("udp.datagrams", newDatagrams)
        kept.add("udp.kernel_drops", newKernelDrops)
        let figures = UDPFigures(
            datagrams: kept.get("udp.datagrams"), kernelDrops: kept.get("udp.kernel_drops"), totals: producers.totals,
            producers: producers.all)
        udp.withLock { $0 = figures }
    }

    func save() { kept.save() }

    // MARK: metrics

    func publish(in registry: MetricRegistry) {
        for kind in SignalKind.allCases {
            let label = "\(kind)"
            registry.counter(
                "hms_sidecar_forwarded_items_total", help: "Items that a collector acknowledged, over restarts.",
                labels: ["signal": label], read: { [self] in signal(kind).forwarded })
            registry.gauge(
                "hms_sidecar_waiting_items",
                help: "Items that were accepted and are neither acknowledged by a collector nor dropped.",
                labels: ["signal": label], read: { [self] in Double(signal(kind).spooled) })
            registry.counter(
                "hms_sidecar_ledger_received_items_total", help: "Items that were read, over restarts.",
                labels: ["signal": label], read: { [self] in signal(kind).received })
            registry.counter(
                "hms_sidecar_ledger_accepted_items_total", help: "Items that were taken into the spool, over restarts.",
                labels: ["signal": label], read: { [self] in signal(kind).accepted })
            for reason in IngestCounters.Reason.allCases.map(\.rawValue) + [Self.duplicate] {
                registry.counter(
                    "hms_sidecar_ledger_rejected_items_total", help: "Items that were turned away, over restarts.",
                    labels: ["signal": label, "reason": reason],
                    read: { [self] in kept.get(Self.name(kind, reason)) })
            }
            for reason in DropReason.allCases {
                registry.counter(
                    "hms_sidecar_dropped_items_total",
                    help: "Items that were accepted and reach no collector, over restarts.",
                    labels: ["signal": label, "reason": reason.rawValue],
                    read: { [self] in signal(kind).dropped.first { $0.reason == reason.rawValue }?.items ?? 0 })
            }
        }
        registry.gauge(
            "hms_sidecar_spool_bytes", help: "Bytes in the spool.", read: { [self] in Double(spool.status.bytes) })
        registry.gauge(
            "hms_sidecar_spool_limit_bytes", help: "Bytes that may be in the spool.",
            read: { [self] in Double(spool.status.maxBytes) })
        registry.gauge(
            "hms_sidecar_spool_in_memory", help: "1 while the spool is in memory.",
            read: { [self] in spool.status.isInMemory ? 1 : 0 })
        registry.counter(
            "hms_sidecar_spool_damaged_records_total", help: "Records of the spool that were set aside as damaged.",
            read: { [self] in spool.status.damagedRecords })
    }
}
