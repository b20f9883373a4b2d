import CallGraph
import JSON
import Testing

@testable import OpsCommands

@Suite("hms-ops graph")
struct GraphCommandTests {
    private static let graph = """
        {"asOf":"x","truncated":false,"traces":3,"complete":false,"colour":{"basis":"share"},"nodes":[
         {"id":"service:shop","service":"shop","kind":"service","rate":2.345,"count":120,"errors":0,"p50":1000000,"p95":2000000,
          "p99":3000000,"latency_step":1,"latency_rank":null},
         {"id":"database:\\u202Epg","service":"\\u202Epg","kind":"database","count":7,"errors":2,"latency_step":4,"latency_rank":0.5}],
         "edges":[{"from":"service:shop","to":"database:\\u202Epg","kind":"database","count":7,"errors":2,"p50":500,"p95":600,"p99":600,
          "latency_step":4,"latency_rank":null}]}
        """
    private static let diff = """
        {"asOf":"x","truncated":false,"beforeIsEmpty":false,"nodes":[
         {"id":"service:shop","service":"shop","kind":"service","change":"same","changes":[],"before":{"count":9,"errors":0},
          "after":{"count":8,"errors":0}},
         {"id":"service:idle","service":"idle","kind":"service","change":"same","changes":[],"before":null,"after":{"count":1,"errors":0}},
         {"id":"service:pay","service":"pay","kind":"service","change":"gone","changes":["gone"],
          "before":{"count":50,"errors":5,"p50":1000000,"p95":2000000},"after":null}],
         "edges":[{"from":"service:shop","to":"service:pay","kind":"call","change":"slower","changes":["slower"],
          "before":{"count":100,"errors":0,"p50":1000000,"p95":2000000},
          "after":{"count":90,"errors":9,"p50":4000000,"p95":9000000}},
          {"from":"service:idle","to":"service:shop","kind":"call","change":"same","changes":[],"before":null,
           "after":{"count":1,"errors":0}}]}
        """

    private static func answer(_ text: String) throws -> GraphAnswer {
        try #require(GraphAnswer(try JSONParser.parse(Array(text.utf8))))
    }

    @Test("Nodes and edges are tables; names cannot steer the terminal")
    func tables() throws {
        let report = GraphReport(style: TextStyle(isColoured: false))
        let answer = try Self.answer(Self.graph)
        #expect(
            report.text(answer) == #"""
                  node        kind      calls  a second  errors   p50   p95   p99  latency
                  shop        service     120      2.35       -  1 ms  2 ms  3 ms     ■···
                  \u{202E}pg  database      7         -       2     -     -     -     ■■■■

                  from  to          kind      calls  a second  errors     p50     p95     p99  latency
                  shop  \u{202E}pg  database      7         -       2  500 ns  600 ns  600 ns     ■■■■

                """#)
        #expect(
            report.remark(answer)
                == "Made of 3 traces; there are more than were read.\nLatency: the share of the time.\n")
    }

    @Test("A comparison shows what changed, before and after")
    func changes() throws {
        let report = GraphReport(style: TextStyle(isColoured: false))
        var answer = try Self.answer(Self.diff)
        answer.keepChanges()
        #expect(answer.picture.nodes.map(\.name) == ["shop", "pay"])
        #expect(
            report.changes(answer) == """
                  change  what                  calls      errors          p50          p95
                  slower  shop → pay (call)  100 → 90  0 % → 10 %  1 ms → 4 ms  2 ms → 9 ms
                  gone    pay (service)        50 → -    10 % → -     1 ms → -     2 ms → -

                """)
        #expect(answer.picture.dot().contains("slower"))
        #expect(!answer.picture.dot().contains("idle"))
    }

    private static func run(_ options: [String], _ answers: [String: [String]]) throws -> ExitCode {
        let collector = try ScriptedProgram(answers)
        defer { collector.stop() }
        return OpsProgram.run(["graph", "--collector", collector.address] + options)
    }

    @Test("The exit code tells whether there was a graph")
    func exitCodes() throws {
        let answers = ["/api/v1/graph": [Self.graph], "/api/v1/graph/diff": [Self.diff]]
        for options in [[], ["--dot"], ["--mermaid"], ["--json"], ["--diff"], ["--query", "status = error"]] {
            #expect(try Self.run(options, answers) == .success, "\(options)")
        }
        let nothing = [
            "/api/v1/graph": [#"{"nodes":[],"edges":[]}"#], "/api/v1/graph/diff": [#"{"nodes":[],"edges":[]}"#],
        ]
        for options in [[], ["--dot"], ["--json"]] {
            #expect(try Self.run(options, nothing) == .negative, "\(options)")
        }
        #expect(try Self.run(["--diff"], nothing) == .success)
        #expect(try Self.run(["--trace", "4bf92f3577b34da6a3ce929d0e0e4736"], [:]) == .negative)
        #expect(try Self.run([], [:]) == .failure)
        #expect(try Self.run([], ["/api/v1/graph": ["{}"]]) == .failure)
    }

    @Test(
        "What cannot be meant is refused",
        arguments: [
            ["--dot", "--json"], ["--diff", "--trace", "4bf92f3577b34da6a3ce929d0e0e4736"], ["--trace", "x"],
            ["--before-from", "now-1h"], ["--limit", "0"],
        ])
    func usage(options: [String]) throws {
        #expect(OpsProgram.run(["graph"] + options) == .usage)
    }
}
