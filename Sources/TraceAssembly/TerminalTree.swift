/// An assembled trace as text for a terminal: what was slow in a sentence, then one row for each span with its place in
/// the tree, its duration and self time, and a bar on the trace's time axis.
///
/// `█` is time for which the trace waited for this very span, `▒` the rest of the span, `┄` a span that never arrived.
package struct TerminalTree {
    package struct Style: Sendable {
        /// Columns of the terminal.
        package var width = 100
        package var isColoured = true
        /// Rows beyond this many are counted instead of shown.
        package var maximumRows: Int?

        package init(width: Int = 100, isColoured: Bool = true, maximumRows: Int? = nil) {
            self.width = width
            self.isColoured = isColoured
            self.maximumRows = maximumRows
        }
    }

    package static func render(_ trace: AssembledTrace, _ style: Style = Style()) -> String {
        var tree = TerminalTree(trace, style)
        tree.writeHeader()
        tree.writeRows()
        tree.writeLegend()
        return tree.text
    }

    private let trace: AssembledTrace
    private let pen: TerminalPen
    private let maximumRows: Int
    private let nameColumns: Int
    private let barColumns: Int
    private let segments: [Int: [CriticalSegment]]
    private var text = ""
    /// For each depth that is drawn: whether the node last seen there was its parent's last child.
    private var isLastChild: [Bool] = []

    private static let durationColumns = 9
    private static let shareColumns = 5
    private static let widths = 50...400
    /// Deeper nodes are not indented further; they carry their depth as a number.
    private let deepestIndent: Int

    private init(_ trace: AssembledTrace, _ style: Style) {
        self.trace = trace
        pen = TerminalPen(isColoured: style.isColoured)
        maximumRows = max(1, style.maximumRows ?? .max)
        let width = min(max(style.width, Self.widths.lowerBound), Self.widths.upperBound)
        let free = width - 2 * Self.durationColumns - Self.shareColumns - 4
        nameColumns = free * 11 / 20
        barColumns = free - nameColumns
        deepestIndent = max(2, nameColumns / 5)
        segments = Dictionary(grouping: trace.criticalPath, by: \.node)
    }

    // MARK: Header and legend

    private mutating func writeHeader() {
        let summary = trace.summary
        line(pen.bold("trace \(summary.traceID)"))
        guard !trace.nodes.isEmpty else {
            line("no spans")
            return
        }
        var facts = [TimeText.duration(summary.duration), counted(summary.spanCount, "span")]
        facts.append(counted(summary.services.count, "service"))
        if summary.errorCount > 0 { facts.append(pen.error("✕ " + counted(summary.errorCount, "error"))) }
        if summary.missingCount > 0 { facts.append("\(summary.missingCount) missing") }
        if summary.duplicateCount > 0 { facts.append("\(summary.duplicateCount) copies merged") }
        if summary.conflictCount > 0 { facts.append("\(summary.conflictCount) conflicting") }
        facts.append(TimeText.moment(summary.start))
        line(pen.bold(title(service: summary.rootService, name: summary.rootName)))
        line(facts.joined(separator: pen.faint(" · ")))
        if let slowest = trace.slowest(limit: 1).first {
            let node = trace.nodes[slowest]
            let share = TimeText.percent(node.criticalTime, of: summary.criticalTime)
            line(
                "slowest: " + pen.step(node.latencyStep, title(service: node.serviceName, name: node.name))
                    + ", \(TimeText.duration(node.criticalTime)) of its own, \(share) of the waiting")
        }
        line("")
    }

    private mutating func writeLegend() {
        guard !trace.nodes.isEmpty else { return }
        let bounds = ["<5 %", "5 %", "15 %", "30 %", "50 %"]
        let steps = zip(LatencyStep.allCases, bounds).map { pen.step($0, "██") + " \($1)" }
        line("")
        line(pen.faint("share of the waiting: ") + steps.joined(separator: "  "))
        line(pen.faint("█ critical path  ▒ waiting or beside it  ┄ missing span  ✕ error  ! strange"))
    }

    // MARK: Rows

    private mutating func writeRows() {
        guard !trace.nodes.isEmpty else { return }
        let total = TimeText.duration(trace.summary.duration)
        let axis = "0" + TerminalText.rightAligned(total, max(0, barColumns - 1))
        line(
            pen.faint(
                TerminalText.fitted("service · span", nameColumns)
                    + TerminalText.rightAligned("time", Self.durationColumns)
                    + TerminalText.rightAligned("self", Self.durationColumns) + "  " + axis))
        for index in trace.nodes.indices.prefix(maximumRows) { writeRow(index) }
        let left = trace.nodes.count - maximumRows
        if left > 0 { line(pen.faint("… and " + counted(left, "row") + " more")) }
    }

    private mutating func writeRow(_ index: Int) {
        let node = trace.nodes[index]
        let branch = branch(to: index)
        let free = max(0, nameColumns - TerminalText.width(of: branch))
        let isStrange = !node.oddities.subtracting([.missing, .endsAfterParent]).isEmpty
        let marks = (node.isError ? "✕ " : "") + (isStrange ? "! " : "")
        let name =
            node.isMissing
            ? "missing span \(node.spanID)" : title(service: node.serviceName, name: node.name)
        let fitted = TerminalText.fitted(marks + name, free)
        let painted = node.isError ? pen.error(fitted) : node.isMissing ? pen.faint(fitted) : fitted
        let duration = node.isMissing ? "-" : TimeText.duration(node.duration)
        let own = node.isMissing ? "-" : TimeText.duration(node.selfTime)
        let share =
            node.latencyStep > .negligible
            ? TimeText.percent(node.criticalTime, of: trace.summary.criticalTime) : ""
        var row = pen.faint(branch) + painted
        row += TerminalText.rightAligned(duration, Self.durationColumns)
        row += pen.faint(TerminalText.rightAligned(own, Self.durationColumns))
        row += "  " + bar(index)
        row += " " + pen.step(node.latencyStep, TerminalText.rightAligned(share, Self.shareColumns))
        line(row)
    }

    private mutating func branch(to index: Int) -> String {
        let node = trace.nodes[index]
        let isLast = node.parent.map { index + node.subtreeCount == $0 + trace.nodes[$0].subtreeCount } ?? true
        guard node.depth <= deepestIndent else {
            return String(repeating: " ", count: deepestIndent * 2) + "…\(node.depth) "
        }
        isLastChild.removeSubrange(min(node.depth, isLastChild.count)...)
        isLastChild.append(isLast)
        guard node.depth > 0 else { return "" }
        let above = isLastChild[1..<node.depth].map { $0 ? "  " : "│ " }.joined()
        return above + (isLast ? "└ " : "├ ")
    }

    private func bar(_ index: Int) -> String {
        let node = trace.nodes[index]
        var cells = Array(repeating: Character(" "), count: barColumns)
        for cell in cellRange(node.start, node.end) { cells[cell] = node.isMissing ? "┄" : "▒" }
        if node.duration == 0, !node.isMissing { cells[cellRange(node.start, node.end).lowerBound] = "▏" }
        for segment in segments[index] ?? [] {
            for cell in cellRange(segment.start, segment.end) { cells[cell] = "█" }
        }
        return pen.step(node.latencyStep, String(cells))
    }

    /// The cells that a stretch of time touches, at least one.
    private func cellRange(_ start: UInt64, _ end: UInt64) -> Range<Int> {
        let scale = Double(barColumns) / Double(max(1, trace.summary.duration))
        func cell(_ time: UInt64) -> Double {
            time > trace.summary.start ? Double(time - trace.summary.start) * scale : 0
        }
        let first = min(max(0, Int(cell(start).rounded(.down))), barColumns - 1)
        let last = min(max(first + 1, Int(cell(end).rounded(.up))), barColumns)
        return first..<last
    }

    private func title(service: String, name: String) -> String {
        let service = service.isEmpty ? "unknown service" : TerminalText.escaped(service)
        return service + " · " + (name.isEmpty ? "unnamed" : TerminalText.escaped(name))
    }

    private func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private mutating func line(_ content: String) {
        var content = Substring(content)
        while content.last == " " { content = content.dropLast() }
        text += content
        text += "\n"
    }
}

/// Colours text, or leaves it as it is.
struct TerminalPen {
    let isColoured: Bool

    /// From the 256 colours: grey-blue, blue, gold, orange, crimson. All have a contrast of 3:1 at least on black and on
    /// white but for gold and orange on white, which the share in per cent repeats.
    private static let steps = [103, 67, 178, 208, 198]

    func step(_ step: LatencyStep, _ text: String) -> String {
        let weight = step >= .large ? "1;" : ""
        return paint("\(weight)38;5;\(Self.steps[Int(step.rawValue)])", text)
    }

    func bold(_ text: String) -> String { paint("1", text) }
    func faint(_ text: String) -> String { paint("38;5;245", text) }
    func error(_ text: String) -> String { paint("38;5;203", text) }

    private func paint(_ code: String, _ text: String) -> String {
        guard isColoured, text.contains(where: { $0 != " " }) else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
