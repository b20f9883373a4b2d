import EventLoop
import OpsCommands
import Testing

@Suite("What up starts")
struct UpPlanTests {
    func plan(_ words: String...) throws -> UpPlan {
        let spec = try #require(OpsProgram.commands.first { $0.spec.name == "up" }).spec
        return try UpPlan(CommandParser.parse(words, for: spec))
    }

    @Test("Without options everything stands at its usual address, and no demo runs")
    func usualAddresses() throws {
        let plan = try plan()
        #expect(
            plan.collector(data: "/d").arguments == [
                "--set", "receive.otlp=127.0.0.1:14317", "--set", "console.listen=127.0.0.1:9090",
                "--set", "store.directory=/d/collector",
            ])
        #expect(
            plan.sidecar(data: "/d", collector: "127.0.0.1:14317").arguments == [
                "--set", "receive.udp=127.0.0.1:4317", "--set", "receive.otlp=127.0.0.1:4317,127.0.0.1:4318",
                "--set", "receive.statsd=127.0.0.1:8125", "--set", "receive.push=127.0.0.1:8009",
                "--set", "admin.listen=127.0.0.1:9100", "--set", "forward.collectors=127.0.0.1:14317",
                "--set", "spool.directory=/d/spool",
            ])
        #expect(plan.demo(sidecar: "127.0.0.1:4317") == [])
        #expect(plan.wanted.map(\.address.port) == [9090, 14317, 4317, 8125, 8009, 9100, 4317, 4318])
    }

    @Test("The demo's services start from the innermost, each knowing the next, traffic last")
    func demo() throws {
        let programs = try plan("--demo", "--demo-port", "7000").demo(sidecar: "127.0.0.1:4317")
        #expect(programs.map(\.name) == ["demo-payments", "demo-eligibility", "demo-gateway", "demo-traffic"])
        #expect(
            programs.map(\.arguments) == [
                ["payments", "--listen", "127.0.0.1:7002", "--sidecar", "127.0.0.1:4317"],
                [
                    "eligibility", "--listen", "127.0.0.1:7001", "--next", "127.0.0.1:7002", "--sidecar",
                    "127.0.0.1:4317",
                ],
                ["gateway", "--listen", "127.0.0.1:7000", "--next", "127.0.0.1:7001", "--sidecar", "127.0.0.1:4317"],
                ["traffic", "--target", "127.0.0.1:7000"],
            ])
    }

    @Test("Further settings come last, so that they win; ports left to the kernel are not asked for")
    func furtherSettings() throws {
        let plan = try plan(
            "--sidecar-otlp", "127.0.0.1:0", "--collector-console", "127.0.0.1:0", "--sidecar-set", "spool.sync=always")
        #expect(
            plan.sidecar(data: "/d", collector: "127.0.0.1:1").arguments.suffix(2) == ["--set", "spool.sync=always"])
        #expect(
            plan.wanted.map(\.option) == [
                "--collector-otlp", "--sidecar-udp", "--sidecar-statsd", "--sidecar-push", "--sidecar-admin",
            ])
    }

    @Test(
        "A wrong address or setting is refused by its option's name",
        arguments: [
            (
                ["--collector-console", "9090"],
                "'--collector-console' is '9090', expected an address such as 127.0.0.1:4317"
            ),
            (["--sidecar-set", "spool"], "'--sidecar-set' is 'spool', expected section.key=value"),
            (["--wait", "0"], "'--wait' is '0', expected a whole number from 1 to 600"),
        ])
    func refuses(words: [String], sentence: String) throws {
        let spec = try #require(OpsProgram.commands.first { $0.spec.name == "up" }).spec
        let parsed = try CommandParser.parse(words, for: spec)
        #expect { try UpPlan(parsed) } throws: { "\($0)" == sentence }
    }

    @Test("Addresses are read from the lines that say what listens, in order")
    func readsLog() {
        let log = """
            time=1 level=info event=listening what=otlp address=127.0.0.1:40001
            time=2 level=info event=listening what=otlp address=[::1]:40002 tls=false
            time=3 level=info event=listening what=admin address=127.0.0.1:40003
            time=4 level=warn event=refused what=otlp address=127.0.0.1:5
            """
        #expect(ListeningLog.addresses(of: "otlp", in: log) == ["127.0.0.1:40001", "[::1]:40002"])
        #expect(ListeningLog.addresses(of: "udp", in: log) == [])
        #expect(ListeningLog.tail(of: log, lines: 1).hasPrefix("time=4"))
    }

    @Test("The summary names every address and how to send")
    func summary() {
        let text = UpSummary(
            console: "127.0.0.1:9090", otlp: ["127.0.0.1:4317", "127.0.0.1:4318"], udp: "127.0.0.1:4317",
            admin: "127.0.0.1:9100", demo: nil, data: "/d"
        ).text(style: TextStyle(isColoured: false))
        #expect(text.contains("  Console     http://127.0.0.1:9090/\n"))
        #expect(text.contains("export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318\n"))
        #expect(!text.contains("Demo"))
    }
}
