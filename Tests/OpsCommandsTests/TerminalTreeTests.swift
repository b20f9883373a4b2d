import OpsCommands
import Testing
import TraceAssembly

@Suite("A trace in a terminal shows what was slow")
struct TerminalTreeTests {
    private let ms: UInt64 = 1_000_000

    private func payments() -> TraceSample {
        var sample = TraceSample(duration: 1000 * ms)
        sample.add(
            0, "gateway", "POST /v1/payments", 0, 1000 * ms, own: 180 * ms,
            path: [(0, 10 * ms), (50 * ms, 50 * ms), (700 * ms, 20 * ms), (900 * ms, 100 * ms)], step: .noticeable)
        sample.add(1, "gateway", "authenticate", 10 * ms, 40 * ms, path: [(10 * ms, 40 * ms)])
        sample.add(
            1, "eligibility", "GET /eligibility", 100 * ms, 600 * ms, own: 40 * ms,
            path: [(100 * ms, 20 * ms), (680 * ms, 20 * ms)])
        sample.add(
            2, "eligibility", "SELECT household", 120 * ms, 560 * ms, path: [(120 * ms, 560 * ms)], step: .dominant)
        sample.add(
            1, "payments", "POST /disburse", 720 * ms, 180 * ms, path: [(720 * ms, 180 * ms)], step: .noticeable
        ) { ($0.isError, $0.isOrigin) = (true, true) }
        sample.add(0, "", "", 950 * ms, 30 * ms) { $0.absence = .notReceived }
        sample.add(1, "audit", "record", 950 * ms, 30 * ms)
        sample.finish()
        return sample
    }

    @Test("The whole picture")
    func golden() throws {
        #expect(
            try payments().lines() == [
                "trace 0102030405060708090a0b0c0d0e0f10",
                "gateway · POST /v1/payments",
                "1 s · 6 spans · 4 services · ✕ 1 error · 1 missing · 2026-03-04 05:06:07.123 UTC",
                "slowest: eligibility · SELECT household, 560 ms of its own, 56 % of the waiting",
                "failing: payments · POST /disburse",
                "",
                "service · span                         time     self  0                         1 s",
                "gateway · POST /v1/payments             1 s   180 ms  ███▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█▒▒▒▒▒███  18 %",
                "├ gateway · authenticate              40 ms    40 ms  ██",
                "├ eligibility · GET /eligibility     600 ms    40 ms    ██▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒██",
                "│ └ eligibility · SELECT household   560 ms   560 ms     █████████████████           56 %",
                "└ ⊗ payments · POST /disburse        180 ms   180 ms                      ███████    18 %",
                "span 0000000000000005 not received        -        -                             ┄┄",
                "└ audit · record                      30 ms    30 ms                             ▒▒",
                "",
                "share of the waiting: ██ <5 %  ██ 5 %  ██ 15 %  ██ 30 %  ██ 50 %",
                "█ critical path  ▒ waiting or beside it  ┄ missing span  ✕ error  ⊗ where it begins  ! strange",
                "",
            ])
    }

    @Test("Only failing spans and what leads to them")
    func errors() throws {
        let rows = try payments().lines { $0.subject = .errors }[7...8]
        #expect(
            rows.map { String($0.prefix(30)) } == ["gateway · POST /v1/payments   ", "└ ⊗ payments · POST /disburse "])
        var none = payments()
        none.overview.errors = []
        #expect(try none.lines { $0.subject = .errors }.dropFirst(6) == ["No span failed.", ""])
    }

    @Test("Failing spans are looked for where the list of them ends early")
    func truncatedErrors() throws {
        var sample = payments()
        sample.rows[3].isError = true
        sample.overview.rows = sample.rows
        sample.overview.errors = []
        sample.overview.areErrorsTruncated = true
        let rows = try sample.lines { $0.subject = .errors }[7...10]
        #expect(
            rows.map { String($0.prefix(28)) } == [
                "gateway · POST /v1/payments ", "├ eligibility · GET /eligibi", "│ └ ✕ eligibility · SELECT h",
                "└ ⊗ payments · POST /disburs",
            ])
    }

    @Test("Only the critical path and what leads to it")
    func critical() throws {
        var sample = payments()
        (sample.rows[1].path, sample.rows[1].criticalTime) = ([], 0)
        sample.overview.rows = sample.rows
        let rows = try sample.lines { $0.subject = .criticalPath }[7...11]
        #expect(
            rows.map { String($0.prefix(28)) } == [
                "gateway · POST /v1/payments ", "├ eligibility · GET /eligibi", "│ └ eligibility · SELECT hou",
                "└ ⊗ payments · POST /disburs", "",
            ])
    }

    @Test("Levels beyond the depth are counted, and their rows are not asked for")
    func depth() throws {
        let rows = try payments().lines { $0.depth = 1 }[7...12]
        let starts = rows.map { String($0.prefix(37)) }
        #expect(
            starts == [
                "gateway · POST /v1/payments          ", "├ gateway · authenticate             ",
                "├ eligibility · GET /eligibili… +1   ", "└ ⊗ payments · POST /disburse        ",
                "span 0000000000000005 not received   ", "└ audit · record                     ",
            ])
        let pages = PageLog()
        var wide = TraceSample(duration: 10_000)
        wide.add(0, "a", "root", 0, 10_000)
        for branch in 0..<3 {
            wide.add(1, "a", "branch \(branch)", 0, 1)
            for leaf in 0..<2000 { wide.add(2, "a", "leaf \(leaf)", 0, 1) }
        }
        wide.finish()
        let shown = try wide.lines(log: pages) { $0.depth = 1 }
        #expect(shown.contains { $0.hasPrefix("└ a · branch 2 +2000 ") })
        #expect(pages.offsets == [2002, 4003])
    }

    private func queries(_ count: Int, failing: Int = 0) -> TraceSample {
        var sample = TraceSample(duration: 1000 * ms)
        sample.add(0, "shop", "GET /cart", 0, 1000 * ms, own: 0)
        for query in 0..<UInt64(count) {
            sample.add(1, "shop", "SELECT item", query * 8 * ms, 8 * ms, path: [(query * 8 * ms, 8 * ms)]) { row in
                if query == 0 { row.fold = TraceRow.Fold(siblings: count, nodes: count * 2, step: .dominant) }
                if query < failing { row.isError = true }
            }
            sample.add(2, "db", "query", query * 8 * ms + ms, ms, own: ms)
        }
        sample.add(1, "shop", "render", 990 * ms, 10 * ms)
        sample.finish()
        return sample
    }

    @Test("A run of alike siblings is one row with their times added up, as hot as the collector says")
    func folds() throws {
        let lines = try queries(120, failing: 3).lines()
        #expect(
            lines[6...8] == [
                "shop · GET /cart                        1 s     0 ns  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒",
                "├ ✕3 ×120 shop · SELECT item         960 ms   960 ms  ████████████████████████████   96 %",
                "└ shop · render                       10 ms    10 ms                              ▒",
            ])
        #expect(try queries(120).text(isColoured: true).contains("\u{1B}[1;38;5;198m█"))
        let all = try queries(120).lines { $0.folds = false }
        #expect(all.count { $0.hasPrefix("├ shop · SELECT item ") } == 120)
        #expect(all.count { $0.hasPrefix("│ └ db · query ") } == 120)
    }

    @Test("Figures of a run are the same on whatever pages its rows stand")
    func foldedPages() throws {
        let sample = queries(400)
        #expect(sample.overview.rows.count == 300 && sample.rows.count == 802)
        #expect(try sample.lines(pageSize: 7) == sample.lines())
    }

    @Test("With history, the rank stands beside the share and the legend tells what it is of")
    func ranks() throws {
        var sample = TraceSample(duration: 100 * ms)
        sample.overview.basis = .history
        sample.add(0, "a", "root", 0, 100 * ms, own: 40 * ms, path: [(0, 40 * ms)], step: .small) { $0.rank = 0.5 }
        sample.add(1, "b", "slow", 40 * ms, 60 * ms, path: [(40 * ms, 60 * ms)], step: .dominant) { $0.rank = 0.999 }
        sample.finish()
        let lines = try sample.lines()
        #expect(
            lines[3] == "slowest: b · slow, 60 ms of its own, 60 % of the waiting, slower than 99 % of the hour before")
        #expect(lines[5].hasSuffix(" 100 ms share  rank"))
        #expect(lines[6].hasSuffix("  40 %   p50"))
        #expect(lines[7].hasSuffix("  60 % p99.9"))
        #expect(lines[9].hasPrefix("slower than in the hour before: "))
    }

    @Test("Clocks that are proven to differ are named with their bounds")
    func clocks() throws {
        var sample = payments()
        sample.overview.clocks = [
            .init(host: "node-1", reference: "node-0", low: 1_200_000, high: 1_900_000),
            .init(host: "node-\u{202E}2", reference: "node-0", low: -5_000_000, high: -4_000_000),
        ]
        let lines = try sample.lines()
        #expect(lines[5] == "clock: node-1 is 1.2 ms to 1.9 ms ahead of node-0; times stand as they were sent")
        #expect(lines[6] == #"clock: node-\u{202E}2 is 4 ms to 5 ms behind node-0; times stand as they were sent"#)
    }

    @Test("No row is wider than the terminal", arguments: [40, 50, 60, 63, 64, 80, 100, 133, 200])
    func fits(width: Int) throws {
        let long = String(repeating: "長い名前", count: 40)
        var sample = TraceSample(duration: 1000)
        sample.overview.basis = .history
        sample.add(0, long, long, 0, 1000, path: [(0, 500)], step: .dominant) { $0.rank = 1 }
        sample.add(1, "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 10, 40)
        sample.add(2, "", "", 0, 900) { ($0.isError, $0.oddities) = (true, ["time-absurd"]) }
        sample.finish()
        let lines = try sample.lines(width: width)
        let head = try #require(lines.firstIndex { $0.hasPrefix("servi") })
        for row in lines[head...].prefix(4) {
            let columns = row.reduce(0) { $0 + ($1.unicodeScalars.first!.value >= 0x3000 ? 2 : 1) }
            #expect(columns <= width, "\(row)")
        }
    }

    @Test("What would steer the terminal is written out instead")
    func escapes() throws {
        var sample = TraceSample(duration: 10)
        sample.add(0, "a\u{1B}[2Jb\u{9B}c", "x\ny\u{202E}z\u{7}\r\u{2066}\u{200B}", 0, 10) { $0.spanID = "\u{1B}c" }
        sample.add(0, "", "", 0, 10) { ($0.spanID, $0.absence) = ("\u{1B}c", .awaited) }
        sample.finish()
        let text = try sample.text(width: 200)
        #expect(text.contains(#"a\u{1B}[2Jb\u{9B}c · x\u{A}y\u{202E}z\u{7}\u{D}\u{2066}\u{200B}"#))
        #expect(text.contains(#"span \u{1B}c awaited"#))
        for scalar in text.unicodeScalars { #expect(scalar.value >= 0x20 || scalar == "\n") }
        #expect(!text.unicodeScalars.contains("\u{202E}") && !text.unicodeScalars.contains("\u{9B}"))
    }

    @Test("Colours are those of the step, and end with each piece")
    func colours() throws {
        var sample = TraceSample(duration: 100)
        sample.add(0, "slow", "work", 0, 100, own: 97, path: [(3, 97)], step: .dominant)
        sample.add(1, "quick", "work", 0, 3, path: [(0, 3)])
        sample.finish()
        let text = try sample.text(width: 80, isColoured: true)
        #expect(text.contains("\u{1B}[1;38;5;198m"))
        #expect(text.contains("\u{1B}[38;5;103m"))
        let codes = text.split(separator: "\u{1B}[", omittingEmptySubsequences: false).dropFirst()
        #expect(codes.count.isMultiple(of: 2))
        for (position, code) in codes.enumerated() { #expect(code.hasPrefix("0m") == !position.isMultiple(of: 2)) }
    }

    @Test("A chain of 20,000 spans is written page by page, in no more than its rows")
    func deep() throws {
        var sample = TraceSample(duration: 1_000_000)
        for depth in 0..<20_000 { sample.add(depth, "svc", "work", UInt64(depth), UInt64(900_000 - depth)) }
        // As finish() would, which is quadratic for a chain.
        for index in sample.rows.indices { sample.rows[index].subtreeCount = sample.rows.count - index }
        sample.overview.rows = Array(sample.rows.prefix(300))
        (sample.overview.nodeCount, sample.overview.spanCount, sample.overview.serviceCount) = (20_000, 20_000, 1)
        let pages = PageLog()
        let lines = try sample.lines(width: 80, log: pages)
        #expect(lines.count == 20_009)
        #expect(lines.contains { $0.contains("…19999 svc") })
        #expect(pages.offsets.count == 20)
    }

    @Test("Rows beyond the limit are counted")
    func limit() throws {
        var sample = TraceSample(duration: 100)
        for number in 1...20 { sample.add(0, "s", "n", UInt64(number), 1) }
        sample.finish()
        let lines = try sample.lines { $0.maximumRows = 5 }
        #expect(lines.contains("… and 15 rows more"))
        #expect(lines.count == 15)
    }

    @Test("A trace without spans or times has a picture too")
    func empty() throws {
        var none = TraceSample(duration: 0)
        none.finish()
        #expect(try none.lines() == ["trace 0102030405060708090a0b0c0d0e0f10", "no spans", ""])
        var untimed = TraceSample(duration: 0)
        untimed.overview.start = 0
        untimed.add(0, "svc", "work", 0, 0)
        untimed.finish()
        #expect(try untimed.lines().contains { $0.contains("time not set") })
        #expect(try untimed.lines { $0.subject = .criticalPath }.contains("No span has a time."))
    }
}
