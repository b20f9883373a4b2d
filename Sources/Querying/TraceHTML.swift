import OTLP
package import TraceAssembly
import TraceModel

/// A trace as one HTML page for an incident report: it needs no script, no file and no network, and shows nothing but text.
package struct TraceHTML {
    /// What the page tells besides the trace itself.
    package struct Report: Sendable {
        /// Unix nanoseconds.
        package var generatedAt: UInt64
        package var version: String
        /// More of the trace is stored than was read.
        package var isTruncated = false
        /// Where errors begin, by index of the node; nil: the failing spans below which nothing fails.
        package var origins: [Int]?
        package var clocks: [Clock] = []
        /// The step of each node, where it is not its share of the critical path.
        package var ranked: [LatencyStep]?
        /// The rank of each node, nil for one without a history; stands in a column of its own.
        package var ranks: [Double?]?

        package init(generatedAt: UInt64, version: String) {
            self.generatedAt = generatedAt
            self.version = version
        }
    }

    /// Bounds of a host's clock minus the one it is compared with.
    package struct Clock: Sendable {
        package var host: String
        package var reference: String
        package var low: Int64
        package var high: Int64

        package init(host: String, reference: String, low: Int64, high: Int64) {
            (self.host, self.reference, self.low, self.high) = (host, reference, low, high)
        }
    }

    /// What the page asks of a browser, in itself and in the header it is served with.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    package static let maximumRows = 20_000
    private static let mostSlow = 30
    private static let mostFailing = 50
    /// Stretches of the critical path that are drawn in one row.
    private static let mostStretches = 32
    private static let deepestIndent = 24

    package static func write(_ trace: AssembledTrace, _ report: Report) -> [UInt8] {
        var page = TraceHTML(trace, report)
        page.writeAll()
        return page.html.bytes
    }

    private let trace: AssembledTrace
    private let report: Report
    private var html: HTMLWriter
    private let slow: [Int]
    private let failing: [Int]
    private let origins: Set<Int>
    private let detailed: Set<Int>

    private init(_ trace: AssembledTrace, _ report: Report) {
        self.trace = trace
        self.report = report
        html = HTMLWriter(capacity: 16 << 10 + min(trace.nodes.count, Self.maximumRows) * 320)
        slow = trace.slowest(limit: Self.mostSlow)
        // The first by time is the one that is told.
        let origins = (report.origins ?? Self.deepestFailing(trace)).filter { trace.nodes.indices.contains($0) }
            .sorted { (trace.nodes[$0].start, $0) < (trace.nodes[$1].start, $1) }
        self.origins = Set(origins)
        // Where errors begin says most, so those come first.
        let others = trace.nodes.indices.lazy.filter { [origins = self.origins] in
            trace.nodes[$0].isError && !origins.contains($0)
        }
        failing = Array(origins.prefix(Self.mostFailing)) + others.prefix(max(0, Self.mostFailing - origins.count))
        detailed = Set(slow).union(failing)
    }

    private static func deepestFailing(_ trace: AssembledTrace) -> [Int] {
        var hasFailingBelow = [Bool](repeating: false, count: trace.nodes.count)
        var found: [Int] = []
        for index in trace.nodes.indices.reversed() {
            let node = trace.nodes[index]
            if node.isError, !hasFailingBelow[index] { found.append(index) }
            if let parent = node.parent, node.isError || hasFailingBelow[index] { hasFailingBelow[parent] = true }
        }
        return found.reversed()
    }

    private mutating func writeAll() {
        html.markup(
            """
            <!doctype html>
            <html lang="en" dir="ltr">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="
            """)
        html.text(Self.contentSecurityPolicy)
        html.markup(
            """
            ">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <meta name="color-scheme" content="light dark">
            <title>
            """)
        html.text(trace.summary.rootName.isEmpty ? "Trace" : trace.summary.rootName, limit: 100)
        html.markup(" · trace ")
        html.text(trace.traceID.description)
        html.markup("</title>\n<style>\n")
        html.markup(TraceHTMLStyle.sheet)
        html.markup("</style>\n</head>\n<body>\n<main>\n")
        writeHeading()
        writeFigures()
        writeWaterfall()
        writeDetails()
        writeNotes()
        html.markup("</main>\n</body>\n</html>\n")
    }

    // MARK: Above the picture

    private mutating func writeHeading() {
        let summary = trace.summary
        html.markup("<header>\n<h1>")
        title(summary.rootService, summary.rootName)
        html.markup("</h1>\n<p class=\"sub\">Trace <code>")
        html.text(summary.traceID.description)
        html.markup("</code>, began ")
        html.text(TimeText.moment(summary.start))
        html.markup("</p>\n<p class=\"verdict\">")
        writeVerdict()
        html.markup("</p>\n</header>\n")
    }

    private mutating func writeVerdict() {
        let summary = trace.summary
        guard summary.spanCount > 0 else { return html.markup("No span of this trace was received.") }
        html.markup("It took <b>")
        html.text(TimeText.duration(summary.duration))
        html.markup("</b>.")
        if let first = slow.first {
            let node = trace.nodes[first]
            html.markup(" Most of the waiting was for ")
            link(to: first)
            html.markup(": <b>")
            html.text(TimeText.duration(node.criticalTime))
            html.markup("</b> of its own, ")
            html.text(TimeText.percent(node.criticalTime, of: summary.criticalTime))
            html.markup(" of the critical path.")
        }
        guard let first = failing.first, let span = trace.nodes[first].span else { return }
        html.markup(" <span class=\"bad\">✕</span> ")
        link(to: first)
        html.markup(summary.errorCount > 1 ? " failed first" : " failed")
        if !span.status.message.isEmpty {
            html.markup(": “")
            html.text(span.status.message, limit: 300)
            html.markup("”")
        }
        html.markup(".")
    }

    private mutating func writeFigures() {
        let summary = trace.summary
        html.markup("<dl class=\"figures\">\n")
        figure("Duration", TimeText.duration(summary.duration))
        figure("Critical path", TimeText.duration(summary.criticalTime))
        figure("Spans", "\(summary.spanCount)")
        figure("Services", "\(summary.services.count)")
        figure("Errors", "\(summary.errorCount)")
        if summary.missingCount > 0 { figure("Missing spans", "\(summary.missingCount)") }
        if summary.duplicateCount > 0 { figure("Copies merged", "\(summary.duplicateCount)") }
        if summary.conflictCount > 0 { figure("Conflicting spans", "\(summary.conflictCount)") }
        html.markup("</dl>\n")
    }

    private mutating func figure(_ name: StaticString, _ value: String) {
        html.markup("<div><dt>")
        html.markup(name)
        html.markup("</dt><dd>")
        html.text(value)
        html.markup("</dd></div>\n")
    }

    // MARK: The picture

    private mutating func writeWaterfall() {
        guard !trace.nodes.isEmpty else { return }
        html.markup("<section>\n<h2>Waterfall</h2>\n")
        writeLegend()
        html.markup(
            """
            <table class="waterfall">
            <thead><tr><th scope="col">Service · span</th><th scope="col" class="number">Time</th>
            <th scope="col" class="number">Self</th><th scope="col" class="axis"><span>0</span><span>
            """)
        html.text(TimeText.duration(trace.summary.duration))
        html.markup("</span></th><th scope=\"col\" class=\"number\">Share</th>")
        if report.ranks != nil { html.markup("<th scope=\"col\" class=\"number\">Rank</th>") }
        html.markup("</tr></thead>\n<tbody>\n")
        let shown = min(trace.nodes.count, Self.maximumRows)
        var stretches: [Int: [CriticalSegment]] = [:]
        for segment in trace.criticalPath where segment.node < shown {
            stretches[segment.node, default: []].append(segment)
        }
        for index in 0..<shown { writeRow(index, stretches[index] ?? []) }
        html.markup("</tbody>\n</table>\n")
        if shown < trace.nodes.count {
            html.markup("<p class=\"notice\">")
            html.number(trace.nodes.count - shown)
            html.markup(" more spans are left out: a page holds the first ")
            html.number(shown)
            html.markup(".</p>\n")
        }
        html.markup("</section>\n")
    }

    private mutating func writeLegend() {
        html.markup("<p class=\"legend\"><b>")
        html.markup(report.ranked == nil ? "Share of the waiting" : "Slower than so many in the hour before")
        html.markup("</b>")
        let isMixed = zip(report.ranks ?? [], trace.nodes).contains { $0 == nil && !$1.isMissing }
        if isMixed { html.markup(" (without history: share of the waiting)") }
        let bounds = report.ranked == nil ? Self.shares : Self.ranks
        for step in LatencyStep.allCases {
            html.markup(" <span><i class=\"swatch s")
            html.number(step.rawValue)
            html.markup("\"></i> ")
            let place = Int(step.rawValue)
            if place == 0 {
                html.text("under \(bounds[0]) %")
            } else if place < bounds.count {
                html.text("\(bounds[place - 1]) to \(bounds[place]) %")
            } else {
                html.text("\(bounds[place - 1]) % and more")
            }
            html.markup("</span>")
        }
        html.markup(
            """
             <span><i class="swatch path"></i> critical path</span> <span><i class="swatch s0 failed"></i> ✕ error</span> \
            <span>⊗ where an error begins</span> <span><i class="swatch absent"></i> missing span</span> \
            <span>! strange</span></p>

            """)
    }

    /// Where the steps begin, from the second on.
    private static let shares = LatencyStep.allCases.dropFirst().map { $0.lowestPercent }
    private static let ranks: [UInt64] = [50, 75, 90, 99]

    private func step(_ index: Int) -> LatencyStep {
        guard let ranked = report.ranked, index < ranked.count else { return trace.nodes[index].latencyStep }
        return ranked[index]
    }

    private mutating func writeRow(_ index: Int, _ stretches: [CriticalSegment]) {
        let node = trace.nodes[index]
        html.markup("<tr")
        if node.isError { html.markup(" class=\"bad\"") }
        html.markup("><th scope=\"row\"><div style=\"--depth:")
        html.number(min(node.depth, Self.deepestIndent))
        html.markup("\">")
        if node.depth > Self.deepestIndent {
            html.markup("<span class=\"sub\">…")
            html.number(node.depth)
            html.markup(" </span>")
        }
        mark(index)
        if detailed.contains(index) { link(to: index) } else { title(of: node) }
        html.markup("</div></th><td class=\"number\">")
        html.text(node.isMissing ? "-" : TimeText.duration(node.duration))
        html.markup("</td><td class=\"number sub\">")
        html.text(node.isMissing ? "-" : TimeText.duration(node.selfTime))
        html.markup("</td><td><div class=\"track\"><i class=\"bar")
        if node.isMissing {
            html.markup(" absent")
        } else {
            html.markup(" s")
            html.number(step(index).rawValue)
            if node.selfTime < node.duration / 5 { html.markup(" waits") }
        }
        if node.isError { html.markup(" failed") }
        place(node.start, node.end)
        for stretch in stretches.prefix(Self.mostStretches) {
            html.markup("<i class=\"path")
            place(stretch.start, stretch.end)
        }
        html.markup("</div></td><td class=\"number\">")
        if LatencyStep(part: node.criticalTime, whole: trace.summary.criticalTime) > .negligible {
            html.text(TimeText.percent(node.criticalTime, of: trace.summary.criticalTime))
        }
        html.markup("</td>")
        if let ranks = report.ranks {
            html.markup("<td class=\"number\">")
            if index < ranks.count, let rank = ranks[index] { html.text(TimeText.rank(rank)) }
            html.markup("</td>")
        }
        html.markup("</tr>\n")
    }

    /// Ends a tag that is a stretch of the time axis.
    private mutating func place(_ start: UInt64, _ end: UInt64) {
        let (from, whole) = (trace.summary.start, trace.summary.duration)
        let left = start > from ? start - from : 0
        html.markup("\" style=\"left:")
        html.percent(left, of: whole)
        html.markup(";width:")
        html.percent(end > start ? end - start : 0, of: whole)
        html.markup("\"></i>")
    }

    private mutating func mark(_ index: Int) {
        let node = trace.nodes[index]
        if origins.contains(index) {
            html.markup("<span class=\"bad\" title=\"an error begins here\">⊗</span> ")
        } else if node.isError {
            html.markup("<span class=\"bad\" title=\"error\">✕</span> ")
        }
        let strange = node.oddities.subtracting([.missing, .endsAfterParent])
        guard !strange.isEmpty else { return }
        html.markup("<span class=\"odd\" title=\"")
        html.text(strange.words.joined(separator: ", "))
        html.markup("\">!</span> ")
    }

    private mutating func link(to index: Int) {
        html.markup("<a href=\"#span-")
        html.number(index)
        html.markup("\">")
        title(of: trace.nodes[index])
        html.markup("</a>")
    }

    private mutating func title(of node: TraceNode) {
        guard !node.isMissing else {
            html.markup("<span class=\"sub\">missing span ")
            html.text(node.spanID.description)
            return html.markup("</span>")
        }
        title(node.serviceName, node.name)
    }

    private mutating func title(_ service: String, _ name: String) {
        html.name(service, orElse: "unknown service")
        html.markup(" · ")
        html.name(name, orElse: "unnamed")
    }

    // MARK: Below the picture

    private mutating func writeDetails() {
        writeDetails("Failing spans", failing, others: trace.summary.errorCount - failing.count)
        let rest = slow.filter { !failing.contains($0) }
        writeDetails("Slow spans", rest, others: 0)
    }

    private mutating func writeDetails(_ heading: StaticString, _ indices: [Int], others: Int) {
        guard !indices.isEmpty else { return }
        html.markup("<section>\n<h2>")
        html.markup(heading)
        html.markup("</h2>\n")
        for (position, index) in indices.enumerated() {
            // Printers show what is open, so what matters most is.
            html.markup(position < 3 ? "<details open id=\"span-" : "<details id=\"span-")
            html.number(index)
            html.markup("\"><summary>")
            mark(index)
            title(of: trace.nodes[index])
            html.markup(" <span class=\"sub number\">")
            html.text(TimeText.duration(trace.nodes[index].duration))
            html.markup("</span></summary>\n")
            html.span(trace.nodes[index], in: trace.summary)
            html.markup("</details>\n")
        }
        if others > 0 {
            html.markup("<p class=\"notice\">")
            html.number(others)
            html.markup(" more are not written out.</p>\n")
        }
        html.markup("</section>\n")
    }

    private mutating func writeNotes() {
        html.markup("<section class=\"notes\">\n<h2>Notes</h2>\n<ul>\n")
        if report.isTruncated {
            html.markup("<li>The trace is too large to be read whole; this is the part that came first.</li>\n")
        }
        if report.clocks.isEmpty {
            html.markup(
                """
                <li>Times stand as the services sent them: differences between the clocks of hosts are not taken out.</li>

                """)
        }
        for clock in report.clocks.prefix(50) {
            html.markup("<li>The clock of ")
            html.name(clock.host, orElse: "an unnamed host")
            html.markup(" minus that of ")
            html.name(clock.reference, orElse: "another")
            html.markup(" is between ")
            html.text(Self.signed(clock.low))
            html.markup(" and ")
            html.text(Self.signed(clock.high))
            html.markup("; times stand as they were sent.</li>\n")
        }
        let hosts = hosts()
        if !hosts.isEmpty {
            html.markup("<li>Hosts: ")
            for (position, host) in hosts.prefix(40).enumerated() {
                if position > 0 { html.markup(", ") }
                html.name(host, orElse: "unnamed")
            }
            if hosts.count > 40 { html.text(" and \(hosts.count - 40) more") }
            html.markup(".</li>\n")
        }
        html.markup(
            """
            <li>The critical path is what the trace waited for at each instant; the share is that of the span's own time \
            on it.</li>
            </ul>
            <p class="sub">Written at 
            """)
        html.text(TimeText.moment(report.generatedAt))
        html.markup(" by HMS-OPS ")
        html.text(report.version)
        html.markup(". The page holds no script and asks no host for anything.</p>\n</section>\n")
    }

    private func hosts() -> [String] {
        var found: Set<String> = []
        var last: ResourceValue?
        for node in trace.nodes {
            guard let resource = node.span?.resource, resource != last else { continue }
            last = resource
            let host = resource.attributes["host.name"]?.string ?? resource.attributes["k8s.node.name"]?.string
            if let host, !host.isEmpty { found.insert(host) }
        }
        return found.sorted()
    }

    private static func signed(_ nanoseconds: Int64) -> String {
        (nanoseconds < 0 ? "−" : "") + TimeText.duration(nanoseconds.magnitude)
    }
}
