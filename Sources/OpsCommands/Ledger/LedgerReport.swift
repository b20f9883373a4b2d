import JSON

/// One look at all programs: what they said, what adds up, who did not answer.
package struct LedgerReport: Sendable {
    package let sidecars: [ProgramLedger]
    package let collectors: [ProgramLedger]
    package let unreachable: [UnreachableProgram]
    package let balance: LedgerBalance

    /// - Parameter collectorsBefore: what the collectors said before the sidecars were asked.
    package init(
        sidecars: [ProgramLedger], collectorsBefore: [ProgramLedger], collectors: [ProgramLedger],
        unreachable: [UnreachableProgram]
    ) {
        self.sidecars = sidecars
        self.collectors = collectors
        self.unreachable = unreachable
        balance = LedgerBalance(sidecars: sidecars, collectorsBefore: collectorsBefore, collectors: collectors)
    }

    /// A difference that may come of somebody's silence is none.
    package var exitCode: ExitCode {
        if !unreachable.isEmpty { return .failure }
        return balance.difference == 0 ? .success : .negative
    }

    // MARK: For a program

    package func json() -> String {
        var writer = JSONWriter(pretty: true, capacity: 4096)
        func number(_ name: String, _ value: some FixedWidthInteger) {
            writer.key(name)
            writer.number(value)
        }
        func text(_ name: String, _ value: String) {
            writer.key(name)
            writer.string(value)
        }
        func list<Element>(_ name: String, _ elements: [Element], _ body: (Element) -> Void) {
            writer.key(name)
            writer.beginArray()
            for element in elements {
                writer.beginObject()
                body(element)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.beginObject()
        number("difference", balance.difference)
        for (name, ledgers) in [("sidecars", sidecars), ("collectors", collectors)] {
            list(name, ledgers) { ledger in
                text("address", ledger.address)
                writer.key("ledger")
                writer.value(ledger.json)
            }
        }
        list("equations", balance.equations) { equation in
            text("program", equation.program)
            text("signal", equation.signal)
            text("equation", equation.text)
            number("difference", equation.difference)
        }
        list("transfers", balance.transfers) { transfer in
            text("sidecar", transfer.sidecar)
            text("sender", transfer.sender)
            text("signal", transfer.signal)
            text("collector", transfer.collector)
            number("forwarded", transfer.forwarded)
            number("stored", transfer.stored)
            number("difference", transfer.difference)
        }
        list("unreachable", unreachable) { program in
            text("program", program.kind)
            text("address", program.address)
            text("reason", program.reason)
            text("remedy", program.remedy)
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    // MARK: For a person

    package func text(style: TextStyle) -> String {
        var text = ""
        for ledger in sidecars { text += section(ledger, Self.sidecarColumns, style) + udp(ledger, style) }
        for ledger in collectors { text += section(ledger, Self.collectorColumns, style) }
        text += transfers(style)
        for program in unreachable { text += program.text(style: style) }
        return text + verdict(style)
    }

    private static let sidecarColumns = ["received", "accepted", "rejected", "forwarded", "spooled", "dropped"]
    private static let collectorColumns = [
        "arrived", "stored", "duplicate", "rejected", "held", "deleted", "damaged",
    ]

    private func section(_ ledger: ProgramLedger, _ columns: [String], _ style: TextStyle) -> String {
        let version = ledger.json["version"]?.string ?? ""
        var title =
            style.bold("\(ledger.kind.rawValue) \(ledger.address)")
            + "  hms-\(ledger.kind.rawValue) \(version.withoutControls)"
        if let spool = ledger.json["spool"] {
            title +=
                ", spool on \((spool["mode"]?.string ?? "?").withoutControls): \(Self.bytes(spool["bytes"]?.uint64))"
                + " of \(Self.bytes(spool["max_bytes"]?.uint64))"
        }
        var table = TextTable(["signal"] + columns + ["difference"])
        var reasons: [String] = []
        for (name, signal) in ledger.signals {
            let differences = balance.equations.filter {
                $0.program == "\(ledger.kind.rawValue) \(ledger.address)" && $0.signal == name
            }
            let difference = differences.first { $0.difference != 0 }?.difference ?? 0
            table.add(
                [name] + columns.map { String(signal.total($0)) } + [String(difference)], isRed: difference != 0)
            for (kind, items) in signal.byReason.sorted(by: { $0.key < $1.key }) {
                for entry in items where entry.items > 0 {
                    reasons.append("  \("\(name) \(kind): \(entry.items) \(entry.reason)".withoutControls)\n")
                }
            }
            for equation in differences where equation.difference != 0 {
                reasons.append(
                    style.red("  \(name.withoutControls): \(equation.text) is off by \(equation.difference)\n"))
            }
        }
        return title + "\n" + table.text(style: style) + reasons.joined() + "\n"
    }

    private func udp(_ ledger: ProgramLedger, _ style: TextStyle) -> String {
        guard let udp = ledger.json["udp"], let datagrams = udp["datagrams"]?.uint64, datagrams > 0 else { return "" }
        func count(_ name: String) -> UInt64 { udp[name]?.uint64 ?? 0 }
        let lost = count("missing") &+ count("kernel_drops")
        let text =
            "  datagrams: \(datagrams) came, \(count("missing")) missing, \(count("late")) late, "
            + "\(count("duplicate")) duplicate, \(count("kernel_drops")) dropped by the kernel\n\n"
        return lost > 0 ? style.red(text) : text
    }

    private func transfers(_ style: TextStyle) -> String {
        guard !balance.transfers.isEmpty, !collectors.isEmpty else { return "" }
        var table = TextTable(["sender", "signal", "to", "forwarded", "stored", "difference"], leading: 3)
        for transfer in balance.transfers {
            table.add(
                [
                    transfer.sender, transfer.signal, transfer.collector, String(transfer.forwarded),
                    String(transfer.stored), String(transfer.difference),
                ], isRed: transfer.difference != 0)
        }
        return style.bold("between sidecars and collectors") + "\n" + table.text(style: style) + "\n"
    }

    private func verdict(_ style: TextStyle) -> String {
        if !unreachable.isEmpty {
            return style.red("Not everybody answered, so the difference cannot be told.") + "\n"
        }
        guard balance.difference > 0 else {
            return style.green("Everything is accounted for: the difference is 0.") + "\n"
        }
        var text = style.red("The difference is \(balance.difference).") + "\n"
        if balance.transfers.contains(where: { $0.difference > 0 }) {
            text +=
                "  Acknowledged and not stored: are all collectors that the sidecar forwards to named (--collector)?"
                + " Was a collector's data removed, or its log damaged? Its log says so.\n"
        }
        if balance.transfers.contains(where: { $0.difference < 0 }) {
            text += "  Stored and not sent: was the sidecar's spool directory removed or put back from a copy?\n"
        }
        return text
    }

    static func bytes(_ count: UInt64?) -> String {
        guard let count else { return "?" }
        for (unit, shift) in [("GiB", UInt64(30)), ("MiB", 20), ("KiB", 10)] where count >> shift > 0 {
            let tenths = ((count >> (shift - 10)) &* 10) >> 10
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(count) B"
    }
}
