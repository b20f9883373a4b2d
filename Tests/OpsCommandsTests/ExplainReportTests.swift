import JSON
import OpsCommands
import Testing

@Suite("What hms-ops explain says")
struct ExplainReportTests {
    private let plain = TextStyle(isColoured: false)
    private let silent = UnreachableProgram(kind: "sidecar", address: "h:1", reason: "refused", remedy: "start it")

    private func answer(_ kind: String, _ findings: String) throws -> ExplainReport.Answer {
        ExplainReport.Answer(
            kind: kind, address: "127.0.0.1:1",
            json: try JSONParser.parse(Array("{\"id\":\"ab\",\"findings\":[\(findings)]}".utf8)))
    }

    private func report(_ findings: [(String, String)], silent: Bool = false) throws -> ExplainReport {
        ExplainReport(
            id: "ab", answers: try findings.map { try answer($0.0, $0.1) }, unreachable: silent ? [self.silent] : [])
    }

    @Test("Found anywhere is 0, nowhere is 1, and nowhere while somebody is silent is 2")
    func exitCodes() throws {
        let stored = "{\"where\":\"stored\",\"text\":\"t\",\"hint\":\"h\"}"
        let unknown = "{\"where\":\"unknown\",\"text\":\"t\"},{\"where\":\"deleted\",\"text\":\"t\"}"
        #expect(try report([("sidecar", ""), ("collector", stored)]).exitCode == .success)
        #expect(try report([("collector", stored)], silent: true).exitCode == .success)
        #expect(try report([("sidecar", ""), ("collector", unknown)]).exitCode == .negative)
        #expect(try report([("collector", unknown)], silent: true).exitCode == .failure)
    }

    @Test("Each program's findings stand with their hints, and the last line says what it comes to")
    func text() throws {
        let report = try report([
            ("sidecar", "{\"where\":\"spool\",\"text\":\"2 spans wait\"}"),
            ("collector", "{\"where\":\"unknown\",\"text\":\"not here\\u001b[2J\",\"hint\":\"ask others\"}"),
        ])
        #expect(
            report.text(style: plain) == """
                ab
                  sidecar 127.0.0.1:1: spool
                    2 spans wait
                  collector 127.0.0.1:1: unknown
                    not here[2J
                    ask others
                It waits in a sidecar's spool, and is sent when a collector takes it; /readyz of the sidecar says what keeps it.

                """)
    }

    @Test("What is stored comes with the command that shows it, also for a span")
    func next() throws {
        let finding =
            "{\"where\":\"stored\",\"text\":\"t\",\"records\":[{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}]}"
        let text = try report([("sidecar", ""), ("collector", finding)]).text(style: plain)
        #expect(text.hasSuffix("\nIt is stored. To see it: hms-ops trace 4bf92f3577b34da6a3ce929d0e0e4736\n"))
    }

    @Test("Forwarded and not stored points to other collectors; nothing at all says how to go on")
    func verdicts() throws {
        let forwarded = try report([("sidecar", "{\"where\":\"forwarded\",\"text\":\"t\"}")]).text(style: plain)
        #expect(forwarded.contains("name the sidecar's other collectors (--collector)"))
        let nothing = try report([("sidecar", "")]).text(style: plain)
        #expect(nothing.contains("sidecar 127.0.0.1:1: nothing is known of it here"))
        #expect(nothing.contains("Not found anywhere."))
        #expect(try report([], silent: true).text(style: plain).hasSuffix("Not found, but not everybody answered.\n"))
    }
}
