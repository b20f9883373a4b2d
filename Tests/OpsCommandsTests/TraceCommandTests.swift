import Glibc
import OpsCommands
import Testing

@Suite("hms-ops trace against a scripted collector")
struct TraceCommandTests {
    private let id = "4bf92f3577b34da6a3ce929d0e0e4736"

    private func row(_ index: Int, parent: String, depth: Int, subtree: Int, _ more: String = "") -> String {
        """
        {"index":\(index),"spanId":"00000000000000a\(index)","parent":\(parent),"depth":\(depth),"childCount":0,\
        "subtreeCount":\(subtree),"offsetNs":\(index * 100),"durationNs":500,"selfNs":400,"criticalNs":100,\
        "path":[[\(index * 100),100]],"latency_step":3,"latency_rank":null,"service":"pay","name":"op \(index)",\
        "kind":"server"\(more)}
        """
    }

    private func overview(nodes: Int, rows: [String], _ more: String = "") -> String {
        """
        {"trace":{"traceId":"\(id)","rootSpanId":"00000000000000a0","rootService":"pay","rootName":"op 0","start":"1000",
         "end":"2000","durationNs":1000,"criticalNs":300,"spanCount":\(nodes),"errorCount":1,"missingCount":0,
         "awaitedCount":0,"duplicateCount":0,"conflictCount":0,"maxDepth":1,"nodeCount":\(nodes),"uncoveredNs":250,
         "services":[{"name":"pay","spans":\(nodes),"errors":1,"selfNs":1,"criticalNs":1}],
         "colour":{"basis":"share"}},"rows":[\(rows.joined(separator: ","))],"folds":[],"track":[],
         "minimap":{"columns":400,"lanes":40,"cells":[]},"slow":[],"origins":[],"errors":[2],"hosts":[]\(more)}
        """
    }

    private func run(_ answers: [String: [String]], _ options: String...) throws -> (ExitCode, CapturedTerminal) {
        let program = try ScriptedProgram(answers)
        defer { program.stop() }
        let terminal = CapturedTerminal()
        let words = ["trace", id, "--collector", program.address] + options
        return (OpsProgram.run(words, terminal: Terminal(terminal.surroundings)), terminal)
    }

    private var twoPages: [String: [String]] {
        [
            "/api/v1/traces/\(id)/overview": [
                overview(nodes: 3, rows: [row(0, parent: "null", depth: 0, subtree: 3)])
            ],
            "/api/v1/traces/\(id)/rows": [
                "{\"offset\":1,\"rows\":[\(row(1, parent: "0", depth: 1, subtree: 1)),"
                    + "\(row(2, parent: "0", depth: 1, subtree: 1, ",\"error\":true"))]}"
            ],
        ]
    }

    @Test("Colours that the collector is still working out are awaited")
    func pendingColours() throws {
        let settled = overview(nodes: 1, rows: [row(0, parent: "null", depth: 0, subtree: 1)])
            .replacing("{\"basis\":\"share\"}", with: "{\"basis\":\"history\"}")
        let pending = settled.replacing("{\"basis\":\"history\"}", with: "{\"basis\":\"share\",\"pending\":true}")
        let (exit, terminal) = try run(["/api/v1/traces/\(id)/overview": [pending, pending, settled]])
        #expect(exit == .success)
        #expect(terminal.output.contains("slower than in the hour before"))
        let (_, last) = try run(["/api/v1/traces/\(id)/overview": [settled]])
        #expect(terminal.output == last.output)
    }

    @Test("The tree is made of the overview's rows and the pages that follow")
    func tree() throws {
        let (exit, terminal) = try run(twoPages)
        #expect(exit == .success && terminal.remarks == "")
        #expect(
            terminal.output == """
                trace 4bf92f3577b34da6a3ce929d0e0e4736
                pay · op 0
                1 µs · 3 spans · 1 service · ✕ 1 error · 1970-01-01 00:00:00.000 UTC
                250 ns in which no span ran

                service · span                    time     self  0                   1 µs
                pay · op 0                      500 ns   400 ns  ███▒▒▒▒▒▒▒▒▒              33 %
                ├ pay · op 1                    500 ns   400 ns    ███▒▒▒▒▒▒▒▒▒▒           33 %
                └ ✕ pay · op 2                  500 ns   400 ns      ████▒▒▒▒▒▒▒▒▒         33 %

                share of the waiting: ██ <5 %  ██ 5 %  ██ 15 %  ██ 30 %  ██ 50 %
                █ critical path  ▒ waiting or beside it  ┄ missing span  ✕ error  ⊗ where it begins  ! strange

                """)
        let (_, errors) = try run(twoPages, "--errors", "--rows", "1")
        #expect(errors.output.contains("… and 1 such span more\n"))
    }

    @Test("An answer that cannot be read is told, not guessed at")
    func malformed() throws {
        var answers = twoPages
        answers["/api/v1/traces/\(id)/rows"] = [
            "{\"offset\":1,\"rows\":[\(row(2, parent: "0", depth: 1, subtree: 1))]}"
        ]
        let (exit, terminal) = try run(answers)
        #expect(exit == .failure)
        #expect(terminal.remarks.contains("/rows?offset=1&limit=2 cannot be read"))
        for broken in [
            "{}", "{\"trace\":{}}", overview(nodes: 1, rows: ["{\"index\":-1}"]), overview(nodes: 1, rows: ["3"]),
        ] {
            #expect(try run(["/api/v1/traces/\(id)/overview": [broken]]).0 == .failure)
        }
    }

    @Test("A trace that is not there is exit code 1, in every form")
    func notFound() throws {
        for options in [[], ["--json"], ["--otlp"], ["--html", "-"]] {
            let program = try ScriptedProgram([:])
            defer { program.stop() }
            let terminal = CapturedTerminal()
            let words = ["trace", id, "--collector", program.address] + options
            #expect(OpsProgram.run(words, terminal: Terminal(terminal.surroundings)) == .negative)
            #expect(terminal.remarks.contains("has no trace \(id)") && terminal.output == "")
        }
    }

    @Test("JSON is the collector's own; of a very large trace, one document a line")
    func json() throws {
        let small = "{\"trace\":{\"spans\":{\"nodeCount\":7},\"nodeCount\":2},\"spans\":[]}"
        let (exit, terminal) = try run(["/api/v1/traces/\(id)": [small]], "--json")
        #expect(exit == .success && terminal.output == small + "\n")
        let parts = [0, 200_000, 400_000].map { "{\"trace\":{\"nodeCount\":400001,\"offset\":\($0)}}" }
        let (_, large) = try run(["/api/v1/traces/\(id)": parts], "--json")
        #expect(large.output == parts.map { $0 + "\n" }.joined())
        #expect(try run(["/api/v1/traces/\(id)": ["{\"trace\":{}}"]], "--json").0 == .failure)
    }

    @Test("A page is written to a new file, over one that is there only if asked to, or to standard output")
    func html() throws {
        let page = ["/api/v1/traces/\(id)": ["<!doctype html>"]]
        let (exit, terminal) = try run(page, "--html", "-")
        #expect(exit == .success && terminal.output == "<!doctype html>")
        let file = terminal.path + "/page.html"
        #expect(try run(page, "--html", file).0 == .success)
        #expect(terminal.text(file) == "<!doctype html>")
        let (refused, other) = try run(["/api/v1/traces/\(id)": ["new"]], "--html", file)
        #expect(refused == .failure && terminal.text(file) == "<!doctype html>")
        #expect(other.remarks.contains("\(file) is there already") && other.remarks.contains("--force"))
        #expect(try run(["/api/v1/traces/\(id)": ["new"]], "--html", file, "--force").0 == .success)
        #expect(terminal.text(file) == "new")
        #expect(try run(page, "--html", terminal.path + "/nowhere/page").0 == .failure)
    }

    @Test(
        "Wrong words are told before anything is asked",
        arguments: [
            (["--depth", "x"], "'--depth' is 'x', expected a whole number"), (["--rows", "0"], "'--rows' is '0'"),
            (["--json", "--otlp"], "'--json' and '--otlp' cannot be given together"),
            (["--errors", "--critical"], "'--errors' and '--critical' cannot be given together"),
            (["--html"], "'--html' needs a value: --html FILE"), (["--error"], "did you mean '--errors'?"),
        ])
    func usage(options: [String], sentence: String) {
        let terminal = CapturedTerminal()
        #expect(OpsProgram.run(["trace", id] + options, terminal: Terminal(terminal.surroundings)) == .usage)
        #expect(terminal.remarks.contains(sentence), "\(terminal.remarks)")
    }
}
