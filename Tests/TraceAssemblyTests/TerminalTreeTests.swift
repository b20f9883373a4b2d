import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("A trace in a terminal shows what was slow")
struct TerminalTreeTests {
    private let base: UInt64 = 1_772_600_767_123_000_000
    private let ms: UInt64 = 1_000_000

    private func span(
        _ id: UInt64, under parent: UInt64? = nil, _ start: UInt64, _ end: UInt64, _ service: String, _ name: String,
        error: Bool = false
    ) -> SpanValue {
        sample(id, under: parent, base + start * ms, base + end * ms, service: service, name: name, error: error)
    }

    private func plain(_ spans: [SpanValue], width: Int = 90, maximumRows: Int? = nil) -> [String] {
        let style = TerminalTree.Style(width: width, isColoured: false, maximumRows: maximumRows)
        return TerminalTree.render(assemble(spans, as: sampleTrace), style).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    @Test("The whole picture")
    func golden() {
        let lines = plain([
            span(1, 0, 1000, "gateway", "POST /v1/payments"),
            span(2, under: 1, 10, 50, "gateway", "authenticate"),
            span(3, under: 1, 100, 700, "eligibility", "GET /eligibility"),
            span(4, under: 3, 120, 680, "eligibility", "SELECT household"),
            span(5, under: 1, 720, 900, "payments", "POST /disburse", error: true),
            span(7, under: 6, 950, 980, "audit", "record"),
        ])
        #expect(
            lines == [
                "trace 0102030405060708090a0b0c0d0e0f10",
                "gateway · POST /v1/payments",
                "1 s · 6 spans · 4 services · ✕ 1 error · 1 missing · 2026-03-04 05:06:07.123 UTC",
                "slowest: eligibility · SELECT household, 560 ms of its own, 56 % of the waiting",
                "",
                "service · span                         time     self  0                         1 s",
                "gateway · POST /v1/payments             1 s   180 ms  ███▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█▒▒▒▒▒███  18 %",
                "├ gateway · authenticate              40 ms    40 ms  ██",
                "├ eligibility · GET /eligibility     600 ms    40 ms    ██▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒██",
                "│ └ eligibility · SELECT household   560 ms   560 ms     █████████████████           56 %",
                "└ ✕ payments · POST /disburse        180 ms   180 ms                      ███████    18 %",
                "missing span 0000000000000006             -        -                             ┄┄",
                "└ audit · record                      30 ms    30 ms                             ▒▒",
                "",
                "share of the waiting: ██ <5 %  ██ 5 %  ██ 15 %  ██ 30 %  ██ 50 %",
                "█ critical path  ▒ waiting or beside it  ┄ missing span  ✕ error  ! strange",
                "",
            ])
    }

    @Test("No row is wider than the terminal", arguments: [50, 60, 80, 100, 133, 200])
    func fits(width: Int) {
        let long = String(repeating: "長い名前", count: 40)
        let lines = plain(
            [
                span(1, 0, 1000, long, long), span(2, under: 1, 10, 50, "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦"),
                span(3, under: 2, 0, 900, "", "", error: true),
            ], width: width)
        let table = lines.drop { !$0.hasPrefix("service") }.dropFirst().prefix(3)
        #expect(table.count == 3)
        for row in table {
            let columns = row.reduce(0) { $0 + ($1.unicodeScalars.first!.value >= 0x3000 ? 2 : 1) }
            #expect(columns <= width)
        }
    }

    @Test("What would steer the terminal is written out instead")
    func escapes() {
        let text = plain([span(1, 0, 10, "a\u{1B}[2Jb\u{9B}c", "x\ny\u{202E}z\u{7}\r\u{2066}\u{200B}")]).joined(
            separator: "\n")
        #expect(text.contains(#"a\u{1B}[2Jb\u{9B}c · x\u{A}y\u{202E}z\u{7}\u{D}\u{2066}\u{200B}"#))
        for scalar in text.unicodeScalars { #expect(scalar.value >= 0x20 || scalar == "\n") }
        #expect(!text.unicodeScalars.contains("\u{202E}") && !text.unicodeScalars.contains("\u{9B}"))
    }

    @Test("Colours are those of the step, and end with each piece")
    func colours() {
        let trace = assemble(
            [span(1, 0, 100, "slow", "work"), span(2, under: 1, 0, 3, "quick", "work")], as: sampleTrace)
        let text = TerminalTree.render(trace, TerminalTree.Style(width: 80))
        #expect(text.contains("\u{1B}[1;38;5;198m"))
        #expect(text.contains("\u{1B}[38;5;103m"))
        let codes = text.split(separator: "\u{1B}[", omittingEmptySubsequences: false).dropFirst()
        #expect(codes.count.isMultiple(of: 2))
        for (position, code) in codes.enumerated() { #expect(code.hasPrefix("0m") == !position.isMultiple(of: 2)) }
    }

    @Test("A chain of 20,000 spans is written in no more than its rows")
    func deep() {
        let depth: UInt64 = 20_000
        let spans = (1...depth).map {
            sample($0, under: $0 == 1 ? nil : $0 - 1, base + $0, base + 1_000_000 - $0)
        }
        let lines = plain(spans, width: 80)
        #expect(lines.count == 5 + 1 + 20_000 + 4)
        #expect(lines.contains { $0.contains("…19999 svc") })
    }

    @Test("Rows beyond the limit are counted")
    func limit() {
        let lines = plain((1...20).map { span($0, $0, $0 + 1, "s", "n") }, maximumRows: 5)
        #expect(lines.contains("… and 15 rows more"))
        #expect(lines.count == 5 + 1 + 5 + 1 + 4)
    }

    @Test("A trace without spans or times has a picture too")
    func empty() {
        #expect(plain([]) == ["trace 0102030405060708090a0b0c0d0e0f10", "no spans", ""])
        let untimed = plain([sample(1, 0, 0)])
        #expect(untimed.contains { $0.contains("time not set") })
    }

    @Test(
        "Durations have three digits and a unit",
        arguments: [
            (0, "0 ns"), (999, "999 ns"), (1_000, "1 µs"), (1_234, "1.23 µs"), (1_205, "1.21 µs"), (1_200, "1.2 µs"),
            (999_499, "999 µs"), (999_500, "1 ms"), (12_340_000, "12.3 ms"), (99_960_000, "100 ms"),
            (999_600_000, "1 s"), (59_940_000_000, "59.9 s"), (59_960_000_000, "1 m 00 s"),
            (61_000_000_000, "1 m 01 s"),
            (3_600_000_000_000, "1 h 00 m"), (90_000_000_000_000, "1 d 01 h"), (UInt64.max, "213503 d 23 h"),
        ] as [(UInt64, String)])
    func durations(nanoseconds: UInt64, text: String) {
        #expect(TimeText.duration(nanoseconds) == text)
    }

    @Test(
        "Moments are dates in UTC",
        arguments: [
            (0, "time not set"), (1, "1970-01-01 00:00:00.000 UTC"),
            (951_782_400_000_000_000, "2000-02-29 00:00:00.000 UTC"),
            (4_107_542_400_000_000_000, "2100-03-01 00:00:00.000 UTC"), (UInt64.max, "2554-07-21 23:34:33.709 UTC"),
        ] as [(UInt64, String)])
    func moments(time: UInt64, text: String) {
        #expect(TimeText.moment(time) == text)
    }
}
