import OpsCommands
import Testing

@Suite("hms-ops ledger and explain against scripted programs")
struct LedgerCommandTests {
    private func sidecar(forwarded: Int) -> String {
        """
        {"program":"hms-sidecar","version":"0.1.0","signals":{"traces":{"received":\(forwarded),"accepted":\(forwarded),
         "rejected":{},"forwarded":\(forwarded),"spooled":0,"dropped":{}}},
         "senders":[{"id":"a","signal":"traces","door":"tcp","collector":"c","forwarded":\(forwarded),"spooled":0,
          "dropped":{},"next_sequence":2}]}
        """
    }

    private func collector(stored: Int) -> String {
        """
        {"program":"hms-collector","version":"0.1.0","signals":{"traces":{"arrived":\(stored),"stored":\(stored),
         "duplicate":0,"rejected":{},"held":\(stored),"deleted":0,"damaged":0}},
         "senders":[{"id":"a","stored":{"traces":\(stored)},"duplicate":{"traces":0}}]}
        """
    }

    private func run(_ command: String..., sidecar: [String: [String]], collector: [String: [String]]) throws
        -> ExitCode
    {
        let programs = (try ScriptedProgram(sidecar), try ScriptedProgram(collector))
        defer {
            programs.0.stop()
            programs.1.stop()
        }
        return OpsProgram.run(
            command + ["--sidecar", programs.0.address, "--collector", programs.1.address])
    }

    @Test("A collector that goes on storing while it is asked makes no difference; one that lacks items does")
    func differences() throws {
        let growing = try run(
            "ledger", sidecar: ["/ledger": [sidecar(forwarded: 15)]],
            collector: ["/api/v1/ledger": [collector(stored: 10), collector(stored: 20)]])
        #expect(growing == .success)
        let lacking = try run(
            "ledger", "--json", sidecar: ["/ledger": [sidecar(forwarded: 15)]],
            collector: ["/api/v1/ledger": [collector(stored: 10), collector(stored: 14)]])
        #expect(lacking == .negative)
    }

    @Test("A program without a ledger, one that answers nonsense, and one that is not there make exit code 2")
    func unreachable() throws {
        let good = ["/api/v1/ledger": [collector(stored: 1)]]
        #expect(try run("ledger", sidecar: [:], collector: good) == .failure)
        #expect(try run("ledger", sidecar: ["/ledger": ["{"]], collector: good) == .failure)
        #expect(try run("ledger", sidecar: ["/ledger": ["{}"]], collector: good) == .failure)
        #expect(OpsProgram.run(["ledger", "--sidecar", "127.0.0.1:1", "--collector", "127.0.0.1:1"]) == .failure)
    }

    @Test("explain asks for the id in the form that was given: trace, span, traceparent")
    func explains() throws {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let found = "{\"id\":\"x\",\"findings\":[{\"where\":\"stored\",\"text\":\"here\",\"hint\":\"look\"}]}"
        let nothing = "{\"id\":\"x\",\"findings\":[]}"
        for (given, asked) in [
            (trace, trace), ("00-\(trace)-00f067aa0ba902b7-01", trace), ("00f067aa0ba902b7", "00f067aa0ba902b7"),
        ] {
            let exit = try run(
                "explain", given, sidecar: ["/explain/\(asked)": [nothing]],
                collector: ["/api/v1/explain/\(asked)": [found]])
            #expect(exit == .success, "\(given)")
        }
        let nowhere = try run(
            "explain", trace, sidecar: ["/explain/\(trace)": [nothing]],
            collector: ["/api/v1/explain/\(trace)": [nothing]])
        #expect(nowhere == .negative)
        #expect(OpsProgram.run(["explain", "zz"]) == .usage)
        #expect(OpsProgram.run(["ledger", "--sidecar", "nonsense"]) == .usage)
    }
}
