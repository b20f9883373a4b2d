package import JSON
import TraceAssembly

/// What `hms-ops compare` prints of the API's answer.
package struct CompareReport {
    package struct Malformed: Error, CustomStringConvertible {
        package var description: String
    }

    package private(set) var text = ""
    /// What limits the comparison, for standard error.
    package private(set) var remarks = ""
    /// Whether there was something to compare.
    package private(set) var saysSomething = true

    private let width: Int
    private let style: TextStyle

    /// - Parameter showsAll: rows that do not differ as well.
    package init(_ json: JSONValue, width: Int, style: TextStyle, showsAll: Bool = false) throws(Malformed) {
        self.width = min(max(width, 50), 200)
        self.style = style
        guard let a = json["a"], let b = json["b"], let verdict = json["verdict"]?["text"]?.string else {
            throw Malformed(description: "'a', 'b' or 'verdict' is missing")
        }
        switch json["kind"]?.string {
        case "traces":
            guard let rows = json["rows"]?.array else { throw Malformed(description: "'rows' is missing") }
            writeTraces(a, b, verdict, rows.map(Row.init), verdictRow: json["verdict"]?["row"]?.int, showsAll)
            if json["truncated"]?.bool == true {
                remarks += "The traces have more rows than are shown here; those that differ most are kept.\n"
            }
        case "populations":
            guard let causes = json["causes"]?.array else { throw Malformed(description: "'causes' is missing") }
            writePopulations(a, b, verdict, causes)
        default: throw Malformed(description: "'kind' is neither traces nor populations")
        }
    }

    private mutating func line(_ content: String = "") {
        var content = Substring(content)
        while content.last == " " { content = content.dropLast() }
        text += content + "\n"
    }

    /// Words in lines that are as wide as the window.
    private mutating func paragraph(_ content: String, indent: Int = 0, paint: (String) -> String = { $0 }) {
        let margin = String(repeating: " ", count: indent)
        var current = ""
        for word in TerminalText.escaped(content).split(separator: " ") {
            let needed = TerminalText.width(of: current) + 1 + TerminalText.width(of: word)
            if !current.isEmpty, needed > width - indent {
                line(margin + paint(current))
                current = ""
            }
            current += (current.isEmpty ? "" : " ") + word
        }
        if !current.isEmpty { line(margin + paint(current)) }
    }

    private static func duration(_ value: JSONValue?) -> String { TimeText.duration(value?.uint64 ?? 0) }

    private static func signed(_ value: Int64) -> String {
        value == 0 ? "0" : (value > 0 ? "+" : "−") + TimeText.duration(value.magnitude)
    }

    // MARK: Two traces

    private struct Row {
        let depth: Int
        let title: String
        let change: String
        let a: JSONValue?
        let b: JSONValue?
        let delta: Int64
        let ownDelta: Int64

        init(_ json: JSONValue) {
            depth = max(0, json["depth"]?.int ?? 0)
            let service = json["service"]?.string ?? ""
            let name = json["name"]?.string ?? ""
            title =
                (service.isEmpty ? "unknown service" : TerminalText.escaped(service)) + " · "
                + (name.isEmpty ? "unnamed" : TerminalText.escaped(name))
            change = json["change"]?.string ?? "same"
            a = json["a"].flatMap { $0.isNull ? nil : $0 }
            b = json["b"].flatMap { $0.isNull ? nil : $0 }
            delta = json["deltaNs"]?.integer(as: Int64.self) ?? 0
            ownDelta = json["ownDeltaNs"]?.integer(as: Int64.self) ?? 0
        }

        var differs: Bool { change != "same" || a?["count"]?.int != b?["count"]?.int }

        var mark: String {
            switch change {
            case "slower": "▲"
            case "faster": "▼"
            case "only-a": "+"
            case "only-b": "−"
            case "status": "✕"
            default: " "
            }
        }

        /// How many spans it is in each, where that is more than one.
        var counts: String {
            let (first, second) = (a?["count"]?.int ?? 0, b?["count"]?.int ?? 0)
            if max(first, second) <= 1 { return "" }
            return first == second ? " ×\(first)" : " ×\(first)/×\(second)"
        }
    }

    private mutating func writeTraces(
        _ a: JSONValue, _ b: JSONValue, _ verdict: String, _ rows: [Row], verdictRow: Int?, _ showsAll: Bool
    ) {
        for (letter, summary) in [("A", a), ("B", b)] {
            let errors = summary["errorCount"]?.int ?? 0
            let facts = [
                Self.duration(summary["durationNs"]), "\(summary["spanCount"]?.int ?? 0) spans",
                errors > 0 ? style.red("✕ \(errors) errors") : "no errors",
                TerminalText.escaped(
                    "\(summary["rootService"]?.string ?? "") · \(summary["rootName"]?.string ?? "")"),
            ]
            line(
                style.bold(letter) + "  " + TerminalText.escaped(summary["traceId"]?.string ?? "") + "  "
                    + facts.joined(separator: style.dim(" · ")))
        }
        paragraph(verdict, paint: style.bold)
        line()

        let column = 9
        let free = width - 2 - 3 * column - 2
        let names = free * 6 / 10
        let bars = free - names
        line(
            style.dim(
                "  " + TerminalText.fitted("service · span", names) + TerminalText.rightAligned("A", column)
                    + TerminalText.rightAligned("B", column) + TerminalText.rightAligned("A − B", column)
                    + "  its own share of that"))
        let shown = Self.shown(rows, verdictRow: verdictRow, showsAll)
        let most = rows.map(\.ownDelta.magnitude).max() ?? 0
        var hidden = 0
        for (index, row) in rows.enumerated() {
            guard shown[index] else {
                hidden += 1
                continue
            }
            let deepest = max(2, names / 4)
            let indent =
                row.depth <= deepest / 2
                ? String(repeating: " ", count: row.depth * 2)
                : String(repeating: " ", count: deepest) + "…\(row.depth) "
            let name = TerminalText.fitted(indent + row.title + row.counts, names)
            var content = paint(row, row.mark + " " + name)
            for side in [row.a, row.b] {
                content += TerminalText.rightAligned(side == nil ? "-" : Self.duration(side?["durationNs"]), column)
            }
            content += paint(row, TerminalText.rightAligned(Self.signed(row.delta), column))
            let cells = bar(row.ownDelta, of: most, columns: bars - 10)
            if !cells.isEmpty { content += "  " + cells }
            if index == verdictRow { content = style.bold(content) }
            line(content)
        }
        if hidden > 0 { line(style.dim("  \(hidden) rows that do not differ are left out; --all shows them")) }
        line()
        paragraph(
            "▲ A slower, ▼ A faster, + only A, − only B, ✕ one failed, █ time the trace waited for the row itself",
            paint: style.dim)
    }

    /// Rows that differ, and those above them.
    private static func shown(_ rows: [Row], verdictRow: Int?, _ showsAll: Bool) -> [Bool] {
        if showsAll { return Array(repeating: true, count: rows.count) }
        var shown = Array(repeating: false, count: rows.count)
        /// The depth of the nearest shown row behind, so that what is above it is shown as well.
        var wanted = -1
        for index in rows.indices.reversed() {
            let isAbove = rows[index].depth < wanted
            if rows[index].differs || index == verdictRow || isAbove || index == 0 {
                shown[index] = true
                wanted = rows[index].depth
            }
        }
        return shown
    }

    private func paint(_ row: Row, _ text: String) -> String {
        switch row.change {
        case "slower", "only-a", "status": style.red(text)
        case "faster", "only-b": style.cyan(text)
        default: style.dim(text)
        }
    }

    private func bar(_ delta: Int64, of most: UInt64, columns: Int) -> String {
        guard delta != 0, most > 0, columns > 0 else { return "" }
        let cells = Int((Double(delta.magnitude) / Double(most) * Double(columns)).rounded())
        guard cells > 0 else { return "" }
        let bar = String(repeating: delta > 0 ? "█" : "░", count: cells)
        return (delta > 0 ? style.red(bar) : style.cyan(bar)) + " " + Self.signed(delta)
    }

    // MARK: Two populations

    private mutating func writePopulations(_ a: JSONValue, _ b: JSONValue, _ verdict: String, _ causes: [JSONValue]) {
        for (letter, population) in [("A", a), ("B", b)] {
            let traces = population["traces"]?.int ?? 0
            if traces == 0 { saysSomething = false }
            let query = population["query"]?.string ?? ""
            line(
                style.bold(letter) + "  "
                    + [
                        TerminalText.escaped(query.isEmpty ? "all traces" : query), "\(traces) traces",
                        "median \(Self.duration(population["p50Ns"]))", "p95 \(Self.duration(population["p95Ns"]))",
                        "\(population["failed"]?.int ?? 0) failed",
                    ].joined(separator: style.dim(" · ")))
            if population["complete"]?.bool != true {
                remarks +=
                    "Not all traces of \(letter) were looked at (\(population["stoppedBy"]?.string ?? "bound")); "
                    + "narrow it with --from, or by a service.\n"
            }
        }
        paragraph(verdict, paint: style.bold)
        guard !causes.isEmpty else { return }
        line()
        let column = 7
        let free = width - 4 - 2 * column - 10 - 12
        line(
            style.dim(
                "    " + TerminalText.fitted("what · where", free) + TerminalText.rightAligned("in A", column)
                    + TerminalText.rightAligned("in B", column) + TerminalText.rightAligned("extra", 10) + "  explains")
        )
        for (index, cause) in causes.enumerated() { write(cause, number: index + 1, free, column) }
    }

    private mutating func write(_ cause: JSONValue, number: Int, _ free: Int, _ column: Int) {
        let (what, place) = (cause["what"]?.string ?? "", cause["where"]?.string ?? "")
        let title = TerminalText.escaped(place.isEmpty || what.hasPrefix(place) ? what : what + " · " + place)
        let score = min(1, max(0, cause["score"]?.double ?? 0))
        let cells = Int((score * 10).rounded())
        let bar = String(repeating: "█", count: cells) + style.dim(String(repeating: "·", count: 10 - cells))
        let extra = cause["extraNs"]?.uint64 ?? 0
        let fitted = TerminalText.fitted(title, free)
        line(
            TerminalText.rightAligned("\(number)", 2) + "  " + (number == 1 ? style.red(fitted) : fitted)
                + TerminalText.rightAligned(Self.percent(cause["shareA"]), column)
                + TerminalText.rightAligned(Self.percent(cause["shareB"]), column)
                + TerminalText.rightAligned(extra > 0 ? "+" + TimeText.duration(extra) : "-", 10) + "  " + bar)
        // The likeliest in full; of the others the title says enough.
        guard number <= 3 else { return }
        paragraph(cause["text"]?.string ?? "", indent: 4)
        if let query = cause["query"]?.string {
            line("    " + style.cyan("hms-ops search \(Self.quoted(TerminalText.escaped(query)))"))
        }
        if let example = cause["examples"]?[0]?.string {
            line("    " + style.cyan("hms-ops trace \(TerminalText.escaped(example))"))
        }
        let fellows = (cause["alongside"]?.array ?? []).compactMap { $0["what"]?.string }
        if !fellows.isEmpty { paragraph("with it: " + fellows.joined(separator: ", "), indent: 4, paint: style.dim) }
        line()
    }

    private static func percent(_ share: JSONValue?) -> String {
        let share = min(1, max(0, share?.double ?? 0))
        return TimeText.percent(UInt64(share * 10_000), of: 10_000)
    }

    /// As a shell takes it.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
