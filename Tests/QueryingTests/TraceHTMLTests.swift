import HTTP
import OTLP
import Querying
import Testing
import TraceAssembly
import TraceModel

@Suite("A trace as a page for an incident report")
struct TraceHTMLTests {
    private func span(
        _ id: UInt64, under parent: UInt64? = nil, _ start: UInt64, _ end: UInt64, _ service: String = "svc",
        _ name: String = "work", error: String? = nil, attributes: [Attribute] = [], events: [SpanEvent] = [],
        host: String = ""
    ) -> SpanValue {
        var resource = [Attribute("service.name", .string(service))]
        if !host.isEmpty { resource.append(Attribute("host.name", .string(host))) }
        return SpanValue(
            traceID: sampleID, spanID: SpanID(value: id), parentSpanID: parent.map { SpanID(value: $0) }, name: name,
            kind: .server, startUnixNano: 1_772_600_767_000_000_000 + start * 1_000_000,
            endUnixNano: 1_772_600_767_000_000_000 + end * 1_000_000, attributes: attributes, events: events,
            status: SpanStatus(error == nil ? .unset : .error, message: error ?? ""),
            resource: ResourceValue(resource))
    }

    private func page(_ spans: [SpanValue], _ change: (inout TraceHTML.Report) -> Void = { _ in }) -> String {
        var report = TraceHTML.Report(generatedAt: 1_772_600_900_000_000_000, version: "9.9")
        change(&report)
        return String(decoding: TraceHTML.write(assemble(spans, as: sampleID), report), as: UTF8.self)
    }

    /// The tags of a page, each as it stands between its brackets; attribute values hold no bracket, as they are escaped.
    private func tags(_ page: String) -> [Substring] {
        page.split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
    }

    private let payments: (TraceHTMLTests) -> [SpanValue] = { me in
        [
            me.span(1, 0, 1000, "gateway", "POST /v1/payments", host: "node-1"),
            me.span(2, under: 1, 100, 660, "eligibility", "SELECT household", host: "node-2"),
            me.span(
                3, under: 1, 720, 900, "payments", "POST /disburse", error: "card declined",
                attributes: [
                    Attribute("hms.a2a.envelope_id", .string("e-17")), Attribute("http.status_code", .int(502)),
                ], events: [SpanEvent("retry", at: 1_772_600_767_750_000_000)], host: "node-2"),
            me.span(5, under: 4, 950, 980, "audit", "record"),
        ]
    }

    @Test("It tells what was slow and what failed, with the figures, each span's bar and the details")
    func content() {
        let page = page(payments(self))
        for piece in [
            "<title>POST /v1/payments · trace 4bf92f3577b34da6a3ce929d0e0e4736</title>",
            "<h1><bdi>gateway</bdi> · <bdi>POST /v1/payments</bdi></h1>",
            "It took <b>1 s</b>. Most of the waiting was for <a href=\"#span-1\"><bdi>eligibility</bdi> · "
                + "<bdi>SELECT household</bdi></a>: <b>560 ms</b> of its own, 56 % of the critical path.",
            "<a href=\"#span-2\"><bdi>payments</bdi> · <bdi>POST /disburse</bdi></a> failed: “card declined”.",
            "<div><dt>Spans</dt><dd>4</dd></div>", "<div><dt>Missing spans</dt><dd>1</dd></div>",
            "<tr class=\"bad\"><th scope=\"row\"><div style=\"--depth:1\"><span class=\"bad\" "
                + "title=\"an error begins here\">⊗</span> ",
            "<i class=\"bar s4\" style=\"left:10.000%;width:56.000%\"></i>"
                + "<i class=\"path\" style=\"left:10.000%;width:56.000%\"></i>",
            "<i class=\"bar s2 failed\" style=\"left:72.000%;width:18.000%\"></i>", "<i class=\"bar absent\"",
            "missing span 0000000000000004", "<details open id=\"span-2\">", "<h3>Envelope and context</h3>",
            "<dt><code><bdi>hms.a2a.envelope_id</bdi></code></dt><dd><bdi>e-17</bdi></dd>",
            "<dt><code><bdi>http.status_code</bdi></code></dt><dd><bdi>502</bdi></dd>",
            "<p><b><bdi>retry</bdi></b> <span class=\"sub number\">+30 ms</span></p>",
            "<li>Hosts: <bdi>node-1</bdi>, <bdi>node-2</bdi>.</li>",
            "Written at 2026-03-04 05:08:20.000 UTC by HMS-OPS 9.9.", "clocks of hosts are not taken out",
        ] {
            #expect(page.contains(piece), "\(piece)")
        }
        #expect(page.hasPrefix("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n"))
        #expect(page.hasSuffix("</main>\n</body>\n</html>\n"))
    }

    @Test("Elements nest, and links lead to places that exist within the page")
    func structure() {
        let page = page(payments(self))
        var open: [Substring] = []
        for tag in tags(page) {
            let name = tag.prefix { !" />\n".contains($0) }
            if tag.hasPrefix("/") {
                #expect(open.popLast() == tag.dropFirst())
            } else if !["!doctype", "meta"].contains(name) {
                open.append(name)
            }
        }
        #expect(open == [])
        let targets = page.matches(of: /href="#([^"]*)"/).map { String($0.1) }
        #expect(Set(targets) == ["span-0", "span-1", "span-2"])
        for target in targets { #expect(page.contains("id=\"\(target)\"")) }
    }

    private static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</title><script>x",
        "</style><script>x</script>", "&lt;b&gt;", "<!--", "]]>", "javascript:alert(1)", "\u{202E}gnp.exe",
        "a\u{200B}b",
        "a\u{0}b\u{1B}[31m", "\r\nSet-Cookie: x", "\u{2028}\u{2029}", "\u{FEFF}\u{2066}x\u{2069}", "\u{E0041}tag",
        "a\u{AD}b",
        "{{7*7}}${7*7}", "<svg/onload=alert(1)>", "<a href=\"http://evil.example/\">x</a>",
        "\u{1D173}\u{FFF9}x\u{FFFB}",
    ]

    @Test("Nothing from a span is markup, wherever it stands", arguments: hostile)
    func injection(payload: String) {
        let harmless = page(everywhere("payload"))
        let page = page(everywhere(payload)) { report in
            report.version = payload
            report.clocks = [TraceHTML.Clock(host: payload, reference: payload, low: -5, high: 9)]
        }
        let expected = self.page(everywhere("payload")) { report in
            report.clocks = [TraceHTML.Clock(host: "h", reference: "r", low: -5, high: 9)]
        }
        #expect(tags(page) == tags(expected))
        #expect(tags(harmless).count > 100)
        for scalar in page.unicodeScalars {
            let value = scalar.value
            let isShown = value >= 0x20 && !(0x7F..<0xA0).contains(value) || value == 0x0A || value == 0x09
            let isHidden =
                (0x200B...0x200F).contains(value) || (0x2028...0x202E).contains(value)
                || (0x2060...0x206F).contains(value) || value == 0xFEFF || value == 0xAD
                || (0xE0000...0xE0FFF).contains(value)
                || (0x1D173...0x1D17A).contains(value)
            #expect(isShown && !isHidden, "U+\(String(value, radix: 16))")
        }
    }

    /// A trace with the text in every field that takes one.
    private func everywhere(_ text: String) -> [SpanValue] {
        [
            span(
                1, 0, 10, text, text, error: text,
                attributes: [
                    Attribute(text, .string(text)), Attribute("hms.mcp.\(text)", .array([.string(text)])),
                    Attribute("m", .map([Attribute(text, .string(text))])),
                ], events: [SpanEvent(text, at: 0, attributes: [Attribute(text, .string(text))])], host: text),
            span(2, under: 1, 1, 9, text, text, error: text),
            SpanValue(
                traceID: sampleID, spanID: SpanID(value: 3), parentSpanID: SpanID(value: 1), name: text,
                startUnixNano: 1_772_600_767_000_000_000, endUnixNano: 1,
                links: [SpanLink(traceID: sampleID, spanID: SpanID(value: 1), traceState: text)]),
        ]
    }

    @Test("What cannot be seen is written out")
    func unseen() {
        let page = page([span(1, 0, 10, "a\u{202E}b", "c\u{200B}\u{1B}")])
        #expect(page.contains("<bdi>a⟨U+202E⟩b</bdi> · <bdi>c⟨U+200B⟩⟨U+001B⟩</bdi>"))
        #expect(self.page([span(1, 0, 10, "", "")]).contains("<h1>unknown service · unnamed</h1>"))
    }

    @Test("The page has no script, no address of elsewhere, and forbids both")
    func selfContained() {
        let page = page(payments(self))
        #expect(
            page.contains(
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; "
                    + "style-src &#39;unsafe-inline&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;\">"))
        for word in ["<script", "http:", "https:", "//", "url(", "@import", "src=", "<link", "<iframe", " on"] {
            let found = tags(page).contains { $0.contains(word) } || word != " on" && page.contains(word)
            #expect(!found, "\(word)")
        }
    }

    @Test("Long values are cut at 2,000 characters, and so is said; line ends of a stack trace stay")
    func cut() {
        let long = String(repeating: "x", count: 1_000_000)
        let page = page([span(1, 0, 10, error: "a\n\tb", attributes: [Attribute("k", .string(long))])])
        #expect(page.contains("<bdi>" + long.prefix(2000) + "… (998000 more characters cut)</bdi>"))
        #expect(page.contains("<dd>a\n\tb</dd>"))
        #expect(page.utf8.count < 60_000)
        let names = self.page([span(1, 0, 10, long, "n")])
        #expect(names.contains("<bdi>" + long.prefix(120) + "…</bdi>"))
    }

    @Test("After 20,000 spans the page says how many are left out; of failing ones 50 are written out")
    func large() {
        var spans = [span(1, 0, 1000)]
        for id in 2...20_051 as ClosedRange<UInt64> { spans.append(span(id, under: 1, 5, 6, error: "e")) }
        let page = page(spans)
        #expect(page.contains("<p class=\"notice\">51 more spans are left out: a page holds the first 20000.</p>"))
        #expect(page.contains("<p class=\"notice\">20000 more are not written out.</p>"))
        #expect(page.split(separator: "<tr").count - 2 == 20_000)
        #expect(page.split(separator: "<details").count - 1 <= 80)
        #expect(page.utf8.count < 12 << 20)
    }

    @Test("A bar that did less than a fifth of its time itself is pale, so that what it waited for stands out")
    func waiting() {
        let page = page([
            span(1, 0, 1000, "gateway"), span(2, under: 1, 10, 990, "pay"), span(3, under: 2, 11, 13, "db"),
        ])
        let bars = tags(page).filter { $0.hasPrefix("i class=\"bar ") }.map { $0.split(separator: "\"")[1] }
        #expect(bars == ["bar s0 waits", "bar s4", "bar s0"])
    }

    @Test("Colours by rank have a legend of their own")
    func ranked() {
        let plain = page(payments(self))
        #expect(plain.contains("Share of the waiting") && plain.contains("50 % and more"))
        let page = page(payments(self)) { $0.ranked = [.negligible, .small, .dominant, .negligible, .large] }
        #expect(page.contains("Slower than so many in the hour before") && page.contains("75 to 90 %"))
        #expect(page.contains("<i class=\"bar s4 failed\"") && page.contains("<i class=\"bar s1\""))
        #expect(!page.contains(">Rank</th>"))
    }

    @Test("Ranks stand in a column of their own")
    func ranks() {
        let page = page(payments(self)) {
            $0.ranked = [.negligible, .small, .dominant, .negligible, .large]
            $0.ranks = [0.1, 0.5, 0.9999, nil, 0.97]
        }
        #expect(page.contains(">Share</th><th scope=\"col\" class=\"number\">Rank</th></tr>"))
        for rank in ["p10", "p50", "p99.9", "", "p97"] {
            #expect(page.contains("<td class=\"number\">\(rank)</td></tr>"), "\(rank)")
        }
        // The one without is a placeholder.
        #expect(!page.contains("without history"))
        let mixed = self.page(payments(self)) { ($0.ranked, $0.ranks) = ([.small], [0.5, nil]) }
        #expect(mixed.contains("(without history: share of the waiting)"))
    }

    @Test("Strange traces have a page: none, without times, a ring, deep")
    func strange() {
        #expect(page([]).contains("No span of this trace was received."))
        let untimed = SpanValue(traceID: sampleID, spanID: SpanID(value: 1))
        #expect(page([untimed]).contains("time not set"))
        #expect(page([span(1, under: 2, 0, 1), span(2, under: 1, 0, 1)]).contains("title=\"in-cycle"))
        var chain: [SpanValue] = []
        for id in 1...30_000 as ClosedRange<UInt64> { chain.append(span(id, under: id == 1 ? nil : id - 1, 0, 10)) }
        #expect(page(chain).contains("<span class=\"sub\">…19999 </span>"))
    }

    @Test("The route gives it as a download that cannot act")
    func route() {
        let source = MemorySource()
        source.add(sampleID, message(service: "pay") { $0.span(1, "GET /", 1_000, 2_000) })
        let target = RequestHead(method: "GET", path: "/api/v1/traces/\(sampleID)", query: "format=html")
        let response = QueryService(source: source, version: "1.2").respond(to: target)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "text/html; charset=utf-8")
        #expect(response.headers["content-disposition"] == "attachment; filename=\"trace-\(sampleID).html\"")
        #expect(
            response.headers["content-security-policy"]
                == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'; sandbox")
        #expect(response.headers["x-content-type-options"] == "nosniff")
        #expect(String(decoding: response.body, as: UTF8.self).contains("by HMS-OPS 1.2."))
        let wrong = RequestHead(method: "GET", path: "/api/v1/traces/\(sampleID)", query: "format=pdf")
        #expect(QueryService(source: source).respond(to: wrong).status == 400)
    }
}
