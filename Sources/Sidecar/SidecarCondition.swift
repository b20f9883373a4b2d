import Configuration
import Forwarding
import Receiving
import SelfTelemetry
import Spool
import WireFormat

/// How the sidecar is, for probes and for people.
struct SidecarCondition: Sendable {
    let ledger: SidecarLedger
    let collectors: CollectorSet
    let reachable: @Sendable (Int) -> Bool

    /// What keeps it from being ready: nothing can be forwarded and the spool is nearly full, or nothing is taken at all.
    var obstacles: [String] {
        let status = ledger.spool.status
        var obstacles: [String] = []
        if let trouble = status.trouble, ledger.spool.options.isRequired {
            obstacles.append("nothing is taken, as the spool is required and cannot be written: \(trouble)")
        }
        let isFull = status.bytes > status.maxBytes / 10 * 9
        if isFull, collectors.names.indices.allSatisfy({ !reachable($0) }) {
            obstacles.append(
                "no collector can be reached and the spool is nearly full: \(status.bytes) of \(status.maxBytes) bytes")
        }
        return obstacles
    }

    /// What an operator should know all the same.
    var remarks: [String] {
        let status = ledger.spool.status
        var remarks: [String] = []
        if status.isInMemory {
            let reason = status.trouble ?? "'spool.directory' is none"
            remarks.append("degraded: the spool is in memory and is lost if the sidecar is killed (\(reason))")
        }
        for (index, name) in collectors.names.enumerated() where !reachable(index) {
            remarks.append("collector \(name) cannot be reached; what is for it waits in the spool")
        }
        return remarks
    }

    /// `GET /`: a page for people, in plain text, so that `curl` shows it as well as a browser.
    var page: String {
        let status = ledger.spool.status
        var lines = ["hms-sidecar \(Product.version)", ""]
        lines += obstacles.isEmpty ? ["ready"] : obstacles.map { "NOT READY: \($0)" }
        lines += remarks + [""]
        lines.append(
            "spool       \(status.isInMemory ? "memory" : "disk"), \(status.bytes) of \(status.maxBytes) bytes")
        for (index, name) in collectors.names.enumerated() {
            let state = reachable(index) ? "takes batches" : "cannot be reached"
            lines.append("collector   \(name): \(state)\(collectors.isAway(index) ? ", given up for now" : "")")
        }
        lines.append("")
        lines.append(Self.row(["", "received", "accepted", "rejected", "forwarded", "spooled", "dropped"]))
        for kind in SignalKind.allCases {
            let signal = ledger.signal(kind)
            let (rejected, dropped) = (
                signal.rejected.reduce(0) { $0 + $1.items }, signal.dropped.reduce(0) { $0 + $1.items }
            )
            lines.append(
                Self.row(
                    [kind.itemName]
                        + [signal.received, signal.accepted, rejected, signal.forwarded, signal.spooled, dropped]
                        .map { "\($0)" }))
        }
        let udp = ledger.udpFigures
        lines.append("")
        lines.append(
            "udp         \(udp.datagrams) datagrams, \(udp.totals.missing) lost on the way, \(udp.kernelDrops) dropped by the kernel"
        )
        for refusal in ledger.refusals.newestFirst.prefix(5) {
            let time = WallClock.rfc3339(unixNanoseconds: refusal.time)
            lines.append("refused     \(time) \(refusal.door) \(refusal.reason): \(refusal.detail)")
        }
        lines += ["", "/ledger  /explain/ID  /metrics  /healthz  /readyz", ""]
        return lines.joined(separator: "\n")
    }

    private static func row(_ cells: [String]) -> String {
        cells.enumerated().map { index, cell in
            let padding = String(repeating: " ", count: max(0, 12 - cell.count))
            return index == 0 ? cell + padding : padding + cell
        }.joined()
    }
}
