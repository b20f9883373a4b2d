import TraceAssembly

/// A trace as text for a terminal: what was slow in a sentence, then one row for each span with its place in the tree, its
/// duration and self time, and a bar on the trace's time axis. Takes the rows one after the other and keeps none.
package struct TerminalTree {
    package struct Style: Sendable {
        /// Columns of the terminal.
        package var width = 100
        package var isColoured = true

        package init(width: Int = 100, isColoured: Bool = true) {
            self.width = width
            self.isColoured = isColoured
        }
    }

    private let overview: TraceOverview
    private let pen: TerminalPen
    private let width: Int
    private let nameColumns: Int
    let barColumns: Int
    private let hasSelfTime: Bool
    private let hasRank: Bool
    /// For each depth that is drawn: whether the row last seen there was its parent's last child.
    private var isLastChild: [Bool] = []

    private static let durationColumns = 9
    private static let shareColumns = 5
    private static let rankColumns = 6
    private static let widths = 40...400
    /// Deeper rows are not indented further; they carry their depth as a number.
    private let deepestIndent: Int

    init(_ overview: TraceOverview, _ style: Style) {
        self.overview = overview
        pen = TerminalPen(isColoured: style.isColoured)
        width = min(max(style.width, Self.widths.lowerBound), Self.widths.upperBound)
        hasSelfTime = width >= 64
        hasRank = width >= 80 && overview.basis != .share
        let times = Self.durationColumns * (hasSelfTime ? 2 : 1)
        let free = width - times - Self.shareColumns - 4 - (hasRank ? Self.rankColumns : 0)
        nameColumns = free * 11 / 20
        barColumns = free - nameColumns
        deepestIndent = max(2, nameColumns / 5)
    }

    // MARK: Header and legend

    func header() -> String {
        var text = line(pen.bold("trace \(TerminalText.escaped(overview.traceID))"))
        guard overview.nodeCount > 0 else { return text + line("no spans") }
        var facts = [TimeText.duration(overview.duration), counted(overview.spanCount, "span")]
        facts.append(counted(overview.serviceCount, "service"))
        if overview.errorCount > 0 { facts.append(pen.error("✕ " + counted(overview.errorCount, "error"))) }
        if overview.missingCount > 0 {
            let awaited = overview.awaitedCount > 0 ? ", of which \(overview.awaitedCount) may still come" : ""
            facts.append("\(overview.missingCount) missing\(awaited)")
        }
        if overview.duplicateCount > 0 { facts.append("\(overview.duplicateCount) copies merged") }
        if overview.conflictCount > 0 { facts.append("\(overview.conflictCount) conflicting") }
        facts.append(TimeText.moment(overview.start))
        text += line(pen.bold(heading(title(service: overview.rootService, name: overview.rootName))))
        text += line(facts.joined(separator: pen.faint(" · ")))
        if let slowest = overview.slow.first {
            let share = TimeText.percent(slowest.criticalTime, of: overview.criticalTime)
            let rank = slowest.rank.map { ", slower than \(percent($0)) of the hour before" } ?? ""
            text += line(
                "slowest: " + pen.step(slowest.step, heading(title(of: slowest)))
                    + ", \(TimeText.duration(slowest.criticalTime)) of its own, \(share) of the waiting\(rank)")
        }
        if let origin = overview.origins.first {
            let others = overview.origins.count - 1
            text += line(
                "failing: " + pen.error(heading(title(of: origin)))
                    + (others > 0 ? " first, and \(counted(others, "other place"))" : ""))
        }
        if overview.uncovered > 0 { text += line("\(TimeText.duration(overview.uncovered)) in which no span ran") }
        for clock in overview.clocks.prefix(3) { text += line(sentence(clock)) }
        return text + line("")
    }

    private func sentence(_ clock: TraceOverview.Clock) -> String {
        let isAhead = clock.low > 0
        let (near, far) = (
            min(clock.low.magnitude, clock.high.magnitude), max(clock.low.magnitude, clock.high.magnitude)
        )
        return "clock: \(shown(clock.host)) is \(TimeText.duration(near)) to \(TimeText.duration(far)) "
            + "\(isAhead ? "ahead of" : "behind") \(shown(clock.reference)); times stand as they were sent"
    }

    func columnHeads() -> String {
        let total = TimeText.duration(overview.duration)
        let axis = "0" + TerminalText.rightAligned(total, max(0, barColumns - 1))
        var text = TerminalText.fitted("service · span", nameColumns)
        text += TerminalText.rightAligned("time", Self.durationColumns)
        if hasSelfTime { text += TerminalText.rightAligned("self", Self.durationColumns) }
        text += "  " + axis
        if hasRank {
            text += " " + TerminalText.rightAligned("share", Self.shareColumns)
            text += TerminalText.rightAligned("rank", Self.rankColumns)
        }
        return line(pen.faint(text))
    }

    func legend() -> String {
        let (what, bounds) = LatencyLegend.words(overview.basis)
        let steps = zip(LatencyStep.allCases, bounds).map { pen.step($0, "██") + " \($1)" }
        return line("") + line(pen.faint(what + ": ") + steps.joined(separator: "  "))
            + line(
                pen.faint(
                    "█ critical path  ▒ waiting or beside it  ┄ missing span  ✕ error  ⊗ where it begins  ! strange"))
    }

    func left(_ number: Int, _ what: String) -> String { line(pen.faint("… and " + counted(number, what) + " more")) }
    func remark(_ text: String) -> String { line(pen.faint(text)) }

    // MARK: Rows

    /// - Parameter hidden: how many rows below it are left out.
    mutating func row(_ row: TraceRow, isLast: Bool, hidden: Int = 0) -> String {
        var bar = RowBar(columns: barColumns, whole: overview.duration)
        bar.draw(row)
        let isStrange = !row.oddities.allSatisfy { Self.harmless.contains($0) }
        let marks = (row.isOrigin ? "⊗ " : row.isError ? "✕ " : "") + (isStrange ? "! " : "")
        let name =
            switch row.absence {
            case .awaited: "span \(TerminalText.escaped(row.spanID)) awaited"
            case .notReceived: "span \(TerminalText.escaped(row.spanID)) not received"
            case nil: title(of: row)
            }
        let isThere = row.absence == nil
        return written(
            branch(row.depth, isLast: isLast), marks + name,
            paint: row.isError ? pen.error : isThere ? { $0 } : pen.faint, suffix: hidden > 0 ? " +\(hidden)" : "",
            duration: isThere ? TimeText.duration(row.duration) : "-",
            own: isThere ? TimeText.duration(row.selfTime) : "-", bar.text, row.step, row.criticalTime, row.rank)
    }

    mutating func run(_ run: FoldedRun, isLast: Bool) -> String {
        let mark = run.errors == 0 ? "" : (run.hasOrigin ? "⊗" : "✕") + "\(run.errors) "
        return written(
            branch(run.first.depth, isLast: isLast), "\(mark)×\(run.siblings) \(title(of: run.first))",
            paint: run.errors > 0 ? pen.error : { $0 }, suffix: "", duration: TimeText.duration(run.duration),
            own: TimeText.duration(run.selfTime), run.bar.text,
            run.step, run.criticalTime, nil)
    }

    func emptyBar() -> RowBar { RowBar(columns: barColumns, whole: overview.duration) }

    /// Oddities that are no reason to look twice.
    private static let harmless: Set<String> = ["missing", "ends-after-parent"]

    private func written(
        _ branch: String, _ name: String, paint: (String) -> String, suffix: String, duration: String, own: String,
        _ bar: String, _ step: LatencyStep, _ criticalTime: UInt64, _ rank: Double?
    ) -> String {
        let free = max(0, nameColumns - TerminalText.width(of: branch))
        let room = max(0, free - TerminalText.width(of: suffix))
        let isShareShown = LatencyStep(part: criticalTime, whole: overview.criticalTime) > .negligible
        let share = isShareShown ? TimeText.percent(criticalTime, of: overview.criticalTime) : ""
        var text = pen.faint(branch)
        if suffix.isEmpty || TerminalText.width(of: name) > room {
            text += paint(TerminalText.fitted(name, room)) + pen.faint(suffix)
        } else {
            text += paint(name) + pen.faint(TerminalText.fitted(suffix, free - TerminalText.width(of: name)))
        }
        text += TerminalText.rightAligned(duration, Self.durationColumns)
        if hasSelfTime { text += pen.faint(TerminalText.rightAligned(own, Self.durationColumns)) }
        text += "  " + pen.step(step, bar)
        text += " " + pen.step(step, TerminalText.rightAligned(share, Self.shareColumns))
        if hasRank {
            let place = rank.map(TimeText.rank) ?? ""
            text += pen.step(step, TerminalText.rightAligned(place, Self.rankColumns))
        }
        return line(text)
    }

    private mutating func branch(_ depth: Int, isLast: Bool) -> String {
        guard depth <= deepestIndent else {
            return String(repeating: " ", count: deepestIndent * 2) + "…\(depth) "
        }
        isLastChild.removeSubrange(min(depth, isLastChild.count)...)
        while isLastChild.count < depth { isLastChild.append(true) }
        isLastChild.append(isLast)
        guard depth > 0 else { return "" }
        let above = isLastChild[1..<depth].map { $0 ? "  " : "│ " }.joined()
        return above + (isLast ? "└ " : "├ ")
    }

    private func title(of row: TraceRow) -> String { title(service: row.service, name: row.name) }

    private func title(service: String, name: String) -> String {
        let service = service.isEmpty ? "unknown service" : shown(service)
        return service + " · " + (name.isEmpty ? "unnamed" : shown(name))
    }

    /// No more of a name than any terminal is wide.
    private func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: Self.widths.upperBound, limitedBy: scalars.endIndex)
        else { return TerminalText.escaped(text) }
        return TerminalText.escaped(String(text[..<end]))
    }

    /// A title among other words, at most as wide as the terminal.
    private func heading(_ title: String) -> String {
        TerminalText.width(of: title) > width ? TerminalText.fitted(title, width) : title
    }

    private func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// Never rounded up; the share is one of ten-thousandths.
    private func percent(_ share: Double) -> String { "\(Int((share * 10_000).rounded()) / 100) %" }

    private func line(_ content: String) -> String {
        var content = Substring(content)
        while content.last == " " { content = content.dropLast() }
        return content + "\n"
    }
}
