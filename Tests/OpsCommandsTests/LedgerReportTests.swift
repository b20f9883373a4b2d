import JSON
import OpsCommands
import Testing

@Suite("What hms-ops ledger works out")
struct LedgerReportTests {
    private let plain = TextStyle(isColoured: false)

    private func sidecar(
        received: Int = 110, forwarded: Int = 90, spooled: Int = 7, sent: Int = 90, signal: String = "traces"
    ) throws -> ProgramLedger {
        let text = """
            {"program":"hms-sidecar","version":"0.1.0","instance":"i","time":"2026-11-25T10:00:00Z",
             "spool":{"mode":"disk","directory":"/s","bytes":1572864,"max_bytes":25165824},
             "signals":{"traces":{"received":\(received),"accepted":100,"rejected":{"malformed":4,"busy":6},
              "forwarded":\(forwarded),"spooled":\(spooled),"dropped":{"refused":3}}},
             "senders":[{"id":"AAAA","signal":"\(signal)","door":"tcp","collector":"127.0.0.1:14317","forwarded":\(sent),
              "spooled":\(spooled),"dropped":{"refused":3},"next_sequence":9}],
             "udp":{"datagrams":50,"missing":2,"late":1,"duplicate":0,"kernel_drops":3,"producers":[]},"refusals":[]}
            """
        return try #require(
            ProgramLedger(try JSONParser.parse(Array(text.utf8)), kind: .sidecar, address: "127.0.0.1:9100"))
    }

    private func collector(stored: Int, held: Int? = nil) throws -> ProgramLedger {
        let text = """
            {"program":"hms-collector","version":"0.1.0","time":"2026-11-25T10:00:00Z",
             "signals":{"traces":{"arrived":\(stored + 12),"stored":\(stored),"duplicate":2,"rejected":{"busy":10},
              "held":\(held ?? stored - 5),"deleted":4,"damaged":1}},
             "senders":[{"id":"aaaa","stored":{"traces":\(stored),"metrics":0,"logs":0},
              "duplicate":{"traces":2,"metrics":0,"logs":0},"last_sequence":8,"last_seen":"2026-11-25T10:00:00Z"}],
             "refusals":[]}
            """
        return try #require(
            ProgramLedger(try JSONParser.parse(Array(text.utf8)), kind: .collector, address: "127.0.0.1:9090"))
    }

    private func report(
        _ sidecar: ProgramLedger, before: ProgramLedger, after: ProgramLedger, unreachable: [UnreachableProgram] = []
    ) -> LedgerReport {
        LedgerReport(sidecars: [sidecar], collectorsBefore: [before], collectors: [after], unreachable: unreachable)
    }

    @Test("What adds up has the difference 0 and exit code 0; the table shows every figure and reason")
    func balanced() throws {
        let report = report(try sidecar(), before: try collector(stored: 90), after: try collector(stored: 90))
        #expect(report.balance.difference == 0)
        #expect(report.exitCode == .success)
        #expect(
            report.balance.equations.map(\.text) == [
                "received = accepted + rejected", "accepted = forwarded + spooled + dropped",
                "arrived = stored + duplicate + rejected", "stored = held + deleted + damaged",
            ])
        #expect(
            report.text(style: plain) == """
                sidecar 127.0.0.1:9100  hms-sidecar 0.1.0, spool on disk: 1.5 MiB of 24.0 MiB
                  signal  received  accepted  rejected  forwarded  spooled  dropped  difference
                  traces       110       100        10         90        7        3           0
                  traces dropped: 3 refused
                  traces rejected: 4 malformed
                  traces rejected: 6 busy

                  datagrams: 50 came, 2 missing, 1 late, 0 duplicate, 3 dropped by the kernel

                collector 127.0.0.1:9090  hms-collector 0.1.0
                  signal  arrived  stored  duplicate  rejected  held  deleted  damaged  difference
                  traces      102      90          2        10    85        4        1           0
                  traces rejected: 10 busy

                between sidecars and collectors
                  sender  signal  to               forwarded  stored  difference
                  AAAA    traces  127.0.0.1:14317         90      90           0

                Everything is accounted for: the difference is 0.

                """)
        #expect(!report.text(style: plain).contains("\u{1B}"))
        #expect(report.text(style: TextStyle(isColoured: true)).contains("\u{1B}[32m"))
    }

    @Test("An equation of a program that is off is named with its difference")
    func offInside() throws {
        let lost = report(
            try sidecar(received: 111), before: try collector(stored: 90), after: try collector(stored: 90, held: 80))
        #expect(lost.balance.equations.map(\.difference) == [1, 0, 0, 5])
        #expect(lost.balance.difference == 6)
        #expect(lost.exitCode == .negative)
        let text = lost.text(style: plain)
        #expect(text.contains("traces: received = accepted + rejected is off by 1"))
        #expect(text.contains("traces: stored = held + deleted + damaged is off by 5"))
        #expect(text.contains("The difference is 6."))
    }

    @Test(
        "Acknowledged must be stored by the second look; stored at the first look must be sent, on its way or given up",
        arguments: [
            // forwarded, spooled, stored before, stored after, difference
            (90, 7, 90, 90, 0), (90, 7, 80, 95, 0), (90, 7, 97, 99, 0), (90, 7, 100, 100, 0), (90, 7, 80, 89, 1),
            (90, 7, 0, 0, 90), (90, 7, 101, 101, -1), (90, 0, 94, 94, -1),
        ])
    func between(forwarded: Int, spooled: Int, before: Int, after: Int, difference: Int) throws {
        let balance = LedgerBalance(
            sidecars: [try sidecar(spooled: spooled, sent: forwarded)],
            collectorsBefore: [try collector(stored: before, held: 0)],
            collectors: [try collector(stored: after, held: 0)])
        #expect(balance.transfers.map(\.difference) == [Int64(difference)])
    }

    @Test("What a lane sent to several collectors is added up")
    func severalCollectors() throws {
        let (first, second) = (try collector(stored: 60), try collector(stored: 30))
        let balance = LedgerBalance(
            sidecars: [try sidecar()], collectorsBefore: [first, second], collectors: [first, second])
        #expect(balance.transfers.map(\.stored) == [90])
        #expect(balance.difference == 0)
    }

    @Test("Somebody's silence makes exit code 2, says what to do, and is no difference")
    func silence() throws {
        let silent = UnreachableProgram(kind: "collector", address: "h:1", reason: "refused", remedy: "start it")
        let report = report(
            try sidecar(), before: try collector(stored: 90), after: try collector(stored: 90), unreachable: [silent])
        #expect(report.exitCode == .failure)
        #expect(report.text(style: plain).contains("no answer from collector h:1\n    refused\n    start it\n"))
        #expect(report.text(style: plain).hasSuffix("Not everybody answered, so the difference cannot be told.\n"))
    }

    @Test("The JSON has the ledgers as they came, the equations and the difference")
    func json() throws {
        let report = report(try sidecar(), before: try collector(stored: 80), after: try collector(stored: 80))
        let json = try JSONParser.parse(Array(report.json().utf8))
        #expect(json["difference"]?.int == 10)
        #expect(json["sidecars"]?[0]?["ledger"]?["spool"]?["bytes"]?.int == 1_572_864)
        #expect(json["collectors"]?[0]?["address"]?.string == "127.0.0.1:9090")
        #expect(json["equations"]?.array?.count == 4)
        #expect(json["transfers"]?[0]?["difference"]?.int == 10)
        #expect(json["unreachable"] == .array([]))
    }

    @Test(
        "What is no such ledger is refused",
        arguments: ["{}", "[]", "{\"program\":\"hms-sidecar\"}", "{\"program\":\"other\",\"signals\":{}}"])
    func foreign(text: String) throws {
        #expect(ProgramLedger(try JSONParser.parse(Array(text.utf8)), kind: .sidecar, address: "a") == nil)
    }

    @Test("What a peer says cannot steer the terminal")
    func printable() throws {
        let text = """
            {"program":"hms-collector","version":"0.1.0","signals":{"\\u001b[2J":{"arrived":1}},"senders":[]}
            """
        let ledger = try #require(
            ProgramLedger(try JSONParser.parse(Array(text.utf8)), kind: .collector, address: "a"))
        let report = LedgerReport(sidecars: [], collectorsBefore: [], collectors: [ledger], unreachable: [])
        #expect(!report.text(style: plain).contains("\u{1B}"))
    }
}
