import JSON
import OpsCommands
import Testing

@Suite("hms-ops services")
struct ServicesReportTests {
    private static let graph = """
        {"asOf":"x","truncated":false,"nodes":[
         {"id":"service:pay","service":"pay","kind":"service","rate":12.34,"count":44424,"errors":0,"p50":1200000,"p95":40000000,
          "p99":90000000,"latency_step":2},
         {"id":"service:audit","service":"audit","kind":"service","rate":0.004,"count":14,"errors":7,"p50":100,"p95":200,
          "p99":3000000000},
         {"id":"database:pg","service":"pg","kind":"database","rate":1,"count":1,"errors":0},
         {"id":"service:","service":"","kind":"service","rate":0.5,"count":1800,"errors":1}],"edges":[]}
        """
    private static let red = """
        {"truncated":true,"operations":[{"service":"pay","operation":"POST /pay","kind":"server","rate":250.4,"count":901440,
         "errors":90144,"p50":1,"p95":2,"p99":3,"slowest":{"trace":"4bf92f3577b34da6a3ce929d0e0e4736","duration":9},
         "points":[]}]}
        """

    private func lines(_ json: String, of service: String? = nil, _ order: ServicesReport.Order, width: Int = 80) throws
        -> [String]
    {
        let report = try #require(ServicesReport(try JSONParser.parse(json), operationsOf: service, order))
        return report.text(width: width, isColoured: false).split(separator: "\n").map(String.init)
    }

    @Test("Services stand in columns, the busiest first")
    func table() throws {
        #expect(
            try lines(Self.graph, .rate) == [
                "  service     rate  errors     p50     p95    p99",
                "  pay       12.3/s       -  1.2 ms   40 ms  90 ms",
                "  unnamed   0.50/s  <0.1 %       -       -      -",
                "  audit    <0.01/s    50 %  100 ns  200 ns    3 s",
            ])
    }

    @Test("Another order puts the worst first")
    func orders() throws {
        func names(_ order: ServicesReport.Order) throws -> [Substring] {
            try lines(Self.graph, order).dropFirst().map { $0.split(separator: " ")[0] }
        }
        #expect(try names(.errors) == ["audit", "unnamed", "pay"])
        #expect(try names(.p99) == ["audit", "pay", "unnamed"])
        #expect(try names(.name) == ["unnamed", "audit", "pay"])
    }

    @Test("Operations have a kind, and a trace to look at where there is room")
    func operations() throws {
        #expect(
            try lines(Self.red, of: "pay", .rate, width: 130) == [
                "  operation  kind     rate  errors   p50   p95   p99                     slowest trace",
                "  POST /pay  server  250/s    10 %  1 ns  2 ns  3 ns  4bf92f3577b34da6a3ce929d0e0e4736",
            ])
        #expect(try lines(Self.red, of: "pay", .rate)[1] == "  POST /pay  server  250/s    10 %  1 ns  2 ns  3 ns")
    }

    @Test("The colour is the API's; a row with errors is red")
    func colours() throws {
        let report = try #require(ServicesReport(try JSONParser.parse(Self.graph), operationsOf: nil, .rate))
        let text = report.text(width: 80, isColoured: true)
        #expect(text.contains("\u{1B}[38;5;178m90 ms\u{1B}[0m"))
        #expect(text.contains("\u{1B}[31m  audit"))
    }

    @Test("Long and hostile names are cut and written out")
    func names() throws {
        let json = """
            {"nodes":[{"service":"\\u001b[2J\\u202e\(String(repeating: "長", count: 100))","kind":"service","count":1,"errors":0}]}
            """
        let line = try lines(json, .rate)[1]
        #expect(line.hasPrefix(#"  \u{1B}[2J\u{202E}長"#))
        #expect(line.contains("…"))
    }

    @Test("The command asks with the time given; no service is exit code 1")
    func command() throws {
        let program = try ScriptedProgram([
            "/api/v1/graph": [Self.graph, "{\"nodes\":[],\"edges\":[]}", "{}"], "/api/v1/red": [Self.red],
        ])
        defer { program.stop() }
        let terminal = CapturedTerminal()
        #expect(terminal.run("services", "--collector", program.address) == .success)
        #expect(terminal.run("services", "--collector", program.address) == .negative)
        #expect(terminal.remarks.contains("No service sent spans in this time."))
        #expect(terminal.run("services", "--collector", program.address) == .failure)
        #expect(terminal.run("services", "--operations", "pay", "--collector", program.address) == .success)
        #expect(terminal.remarks.contains("There are more"))
        #expect(terminal.run("services", "--sort", "size") == .usage)
    }
}
