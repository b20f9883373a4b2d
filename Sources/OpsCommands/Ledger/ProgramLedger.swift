package import JSON

/// What one program's ledger says, read from its JSON. Signals and reasons are kept as they are named there.
package struct ProgramLedger: Sendable {
    package enum Kind: String, Sendable { case sidecar, collector }

    /// The counts of one signal: plain ones by name, and those that are told apart by reason.
    package struct Signal: Sendable, Equatable {
        package var counts: [String: UInt64] = [:]
        package var byReason: [String: [(reason: String, items: UInt64)]] = [:]

        package func total(_ name: String) -> UInt64 {
            (byReason[name] ?? []).reduce(counts[name] ?? 0) { $0 &+ $1.items }
        }

        package static func == (left: Signal, right: Signal) -> Bool {
            left.counts == right.counts
                && left.byReason.mapValues { $0.map(\.reason) } == right.byReason.mapValues { $0.map(\.reason) }
                && left.byReason.mapValues { $0.map(\.items) } == right.byReason.mapValues { $0.map(\.items) }
        }
    }

    /// One numbering of batches: a lane of a sidecar, with all that it sent; a collector knows several signals of it.
    package struct Sender: Sendable {
        package var id: String
        package var collector = ""
        /// By signal.
        package var signals: [String: Signal] = [:]
    }

    package let kind: Kind
    package let address: String
    package let json: JSONValue
    /// In the order of the text.
    package let signals: [(name: String, signal: Signal)]
    package let senders: [Sender]

    /// Nil when it is not the ledger of such a program.
    package init?(_ json: JSONValue, kind: Kind, address: String) {
        guard json["program"]?.string == "hms-" + kind.rawValue, let signals = json["signals"]?.members else {
            return nil
        }
        self.kind = kind
        self.address = address
        self.json = json
        self.signals = signals.map { ($0.key, Signal($0.value)) }
        senders = (json["senders"]?.array ?? []).compactMap {
            kind == .sidecar ? Self.lane($0) : Self.numbering($0)
        }
    }

    private static func lane(_ json: JSONValue) -> Sender? {
        guard let id = json["id"]?.string, let signal = json["signal"]?.string else { return nil }
        return Sender(id: id, collector: json["collector"]?.string ?? "", signals: [signal: Signal(json)])
    }

    private static func numbering(_ json: JSONValue) -> Sender? {
        guard let id = json["id"]?.string else { return nil }
        var sender = Sender(id: id)
        for name in ["stored", "duplicate"] {
            for member in json[name]?.members ?? [] {
                sender.signals[member.key, default: Signal()].counts[name] = member.value.uint64 ?? 0
            }
        }
        return sender
    }
}

extension ProgramLedger.Signal {
    init(_ json: JSONValue) {
        self.init()
        for member in json.members ?? [] {
            if let reasons = member.value.members {
                byReason[member.key] = reasons.map { ($0.key, $0.value.uint64 ?? 0) }
            } else if let count = member.value.uint64 {
                counts[member.key] = count
            }
        }
    }
}
