/// The equations of the ledger, worked out: a value, from what the programs said to what does not add up.
///
/// Programs go on working while they are asked. So collectors are asked before and after the sidecars: what a sidecar
/// says was acknowledged must be stored by the second time, and what was stored the first time must have been acknowledged,
/// be on its way still, or have been given up by the sidecar.
package struct LedgerBalance: Sendable {
    /// One equation of one program and signal.
    package struct Equation: Sendable, Equatable {
        package var program: String
        package var signal: String
        package var text: String
        /// Left side minus right side.
        package var difference: Int64
    }

    /// What one lane of a sidecar sent, beside what the collectors have of it.
    package struct Transfer: Sendable, Equatable {
        package var sidecar: String
        package var sender: String
        package var signal: String
        package var collector: String
        package var forwarded: UInt64
        package var stored: UInt64
        /// Acknowledged but not stored (positive), or stored and never sent (negative).
        package var difference: Int64
    }

    package private(set) var equations: [Equation] = []
    package private(set) var transfers: [Transfer] = []

    package init(sidecars: [ProgramLedger], collectorsBefore: [ProgramLedger], collectors: [ProgramLedger]) {
        for ledger in sidecars {
            check(ledger, "received", ["accepted", "rejected"])
            check(ledger, "accepted", ["forwarded", "spooled", "dropped"])
        }
        for ledger in collectors {
            check(ledger, "arrived", ["stored", "duplicate", "rejected"])
            check(ledger, "stored", ["held", "deleted", "damaged"])
        }
        let (before, after) = (Self.stored(collectorsBefore), Self.stored(collectors))
        for sidecar in sidecars {
            for sender in sidecar.senders {
                for (signal, sent) in sender.signals.sorted(by: { $0.key < $1.key }) {
                    let key = Key(sender: sender.id.lowercased(), signal: signal)
                    transfers.append(
                        Self.transfer(
                            of: sender, signal, sent, in: sidecar, before: before[key] ?? 0, after: after[key] ?? 0))
                }
            }
        }
    }

    /// The sum of all differences, whatever their sign.
    package var difference: UInt64 {
        let all = equations.map(\.difference) + transfers.map(\.difference)
        return all.reduce(0) { $0 &+ $1.magnitude }
    }

    private struct Key: Hashable {
        var sender: String
        var signal: String
    }

    private static func stored(_ collectors: [ProgramLedger]) -> [Key: UInt64] {
        var stored: [Key: UInt64] = [:]
        for sender in collectors.flatMap(\.senders) {
            for (signal, counts) in sender.signals {
                stored[Key(sender: sender.id.lowercased(), signal: signal), default: 0] &+= counts.total("stored")
            }
        }
        return stored
    }

    private static func transfer(
        of sender: ProgramLedger.Sender, _ signal: String, _ sent: ProgramLedger.Signal, in sidecar: ProgramLedger,
        before: UInt64, after: UInt64
    ) -> Transfer {
        let forwarded = sent.total("forwarded")
        // What is spooled or was dropped may have been stored with its answer lost.
        let possible = forwarded &+ sent.total("spooled") &+ sent.total("dropped")
        var difference: Int64 = 0
        if forwarded > after {
            difference = minus(forwarded, after)
        } else if before > possible {
            difference = minus(possible, before)
        }
        return Transfer(
            sidecar: sidecar.address, sender: sender.id, signal: signal, collector: sender.collector,
            forwarded: forwarded, stored: after, difference: difference)
    }

    private mutating func check(_ ledger: ProgramLedger, _ whole: String, _ parts: [String]) {
        for (name, signal) in ledger.signals {
            let sum = parts.reduce(0) { $0 &+ signal.total($1) }
            equations.append(
                Equation(
                    program: "\(ledger.kind.rawValue) \(ledger.address)", signal: name,
                    text: "\(whole) = \(parts.joined(separator: " + "))",
                    difference: Self.minus(signal.total(whole), sum)))
        }
    }

    private static func minus(_ left: UInt64, _ right: UInt64) -> Int64 {
        left >= right ? Int64(clamping: left - right) : -Int64(clamping: right - left)
    }
}
