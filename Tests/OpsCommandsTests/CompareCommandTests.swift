import JSON
import OpsCommands
import Testing

@Suite("hms-ops compare")
struct CompareCommandTests {
    private static let a = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let b = "00f067aa0ba902b7a3ce929d0e0e4736"

    private static let traces = """
        {"kind":"traces",
         "a":{"traceId":"\(a)","rootService":"gw","rootName":"GET /","durationNs":1000000000,"spanCount":3,"errorCount":1},
         "b":{"traceId":"\(b)","rootService":"gw","rootName":"GET /","durationNs":100000000,"spanCount":3,"errorCount":0},
         "rows":[
          {"depth":0,"service":"gw","name":"GET /","change":"slower","a":{"durationNs":1000000000,"count":1},
           "b":{"durationNs":100000000,"count":1},"deltaNs":900000000,"ownDeltaNs":0},
          {"depth":1,"service":"users","name":"GET /me","change":"same","a":{"durationNs":5000000,"count":1},
           "b":{"durationNs":5000000,"count":1},"deltaNs":0,"ownDeltaNs":0},
          {"depth":1,"service":"pay\\u001b[31m","name":"charge","change":"slower","a":{"durationNs":950000000,"count":120},
           "b":{"durationNs":50000000,"count":3},"deltaNs":900000000,"ownDeltaNs":900000000}],
         "rowCount":3,"truncated":false,"verdict":{"text":"A took 900 ms longer than B.","row":2}}
        """

    private static let populations = """
        {"kind":"populations",
         "a":{"query":"duration > 1s","traces":186,"failed":2,"complete":false,"stoppedBy":"time","truncated":false,"p50Ns":1200000000,
          "p95Ns":3000000000},
         "b":{"query":"","traces":200,"failed":0,"complete":true,"truncated":true,"p50Ns":90000000,"p95Ns":200000000},
         "causes":[{"kind":"attribute","what":"db.host = \\"db-7\\"","where":"pay · charge","shareA":0.93,"shareB":0.04,
          "extraNs":412000000,"score":0.87,"text":"db.host = \\"db-7\\" on pay · charge is in 93 % of A and 4 % of B.",
          "query":"service = \\"pay\\" and who = 'it''s'","examples":["\(a)"],
          "alongside":[{"kind":"host","what":"host.name = \\"h1\\"","where":"pay"}]}],
         "verdict":{"text":"Likeliest: db.host.","row":0}}
        """

    private func made(_ json: String, width: Int = 100, coloured: Bool = false, all: Bool = false) throws
        -> CompareReport
    {
        try CompareReport(
            try JSONParser.parse(Array(json.utf8)), width: width, style: TextStyle(isColoured: coloured), showsAll: all)
    }

    @Test("Two traces are a table of the rows that differ, with a bar for the time of each row itself")
    func traces() throws {
        let lines = try made(Self.traces).text.split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        #expect(lines[0] == "A  \(Self.a)  1 s · 3 spans · ✕ 1 errors · gw · GET /")
        #expect(lines[2] == "A took 900 ms longer than B.")
        #expect(lines[4].hasPrefix("  service · span"))
        #expect(lines[5].hasPrefix("▲ gw · GET /"))
        #expect(lines[5].hasSuffix("1 s   100 ms  +900 ms"))
        #expect(lines[6].hasPrefix("▲   pay\\u{1B}[31m · charge ×120/×3"))
        #expect(lines[6].hasSuffix("███ +900 ms"))
        #expect(lines[7] == "  1 rows that do not differ are left out; --all shows them")
        let all = try made(Self.traces, all: true).text
        #expect(all.contains("users · GET /me"))
        #expect(!all.contains("left out"))
    }

    @Test("Two populations are a list of causes, each with a search and a trace to look at")
    func populations() throws {
        let report = try made(Self.populations)
        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "A  duration > 1s · 186 traces · median 1.2 s · p95 3 s · 2 failed")
        #expect(lines[1] == "B  all traces · 200 traces · median 90 ms · p95 200 ms · 0 failed")
        #expect(lines[2] == "Likeliest: db.host.")
        #expect(lines[5].hasPrefix(" 1  db.host = \"db-7\" · pay · charge"))
        #expect(lines[5].hasSuffix("   93 %    4 %   +412 ms  █████████·"))
        #expect(lines[7] == "    hms-ops search 'service = \"pay\" and who = '\\''it'\\'''\\''s'\\'''")
        #expect(lines[8] == "    hms-ops trace \(Self.a)")
        #expect(lines[9] == "    with it: host.name = \"h1\"")
        #expect(
            report.remarks == "Not all traces of A were looked at (time); narrow it with --from, or by a service.\n")
        #expect(report.saysSomething)
    }

    @Test("No line of a table is wider than the window, and colours do not change the text", arguments: [50, 80, 140])
    func width(columns: Int) throws {
        for json in [Self.traces, Self.populations] {
            let plain = try made(json, width: columns, all: true)
            for line in plain.text.split(separator: "\n") where line.contains("charge") || line.contains("█") {
                #expect(line.count <= columns, "\(line)")
            }
            let coloured = try made(json, width: columns, coloured: true, all: true).text
            #expect(coloured.contains("\u{1B}["))
            #expect(Self.withoutColours(coloured) == plain.text)
        }
    }

    private static func withoutColours(_ text: String) -> String {
        var result = ""
        var isInside = false
        for scalar in text.unicodeScalars {
            if scalar == "\u{1B}" { isInside = true }
            if !isInside { result.unicodeScalars.append(scalar) }
            if scalar == "m" { isInside = false }
        }
        return result
    }

    @Test("An answer that lacks something is told")
    func malformed() {
        for json in ["{}", "{\"kind\":\"traces\",\"a\":{},\"b\":{},\"verdict\":{\"text\":\"\"}}", "[]"] {
            #expect(throws: CompareReport.Malformed.self) { try made(json) }
        }
    }

    @Test("Two ids, two queries, JSON; an id and a query are wrong usage; a trace that is not there is named")
    func command() throws {
        let program = try ScriptedProgram([
            "/api/v1/compare": [Self.traces, Self.populations, Self.populations, "{}"]
        ])
        defer { program.stop() }
        func run(_ words: String...) -> ExitCode {
            OpsProgram.run(["compare"] + words + ["--collector", program.address])
        }
        #expect(run(Self.a, Self.b) == .success)
        #expect(run("duration > 1s", "") == .success)
        #expect(run("duration > 1s", "duration < 1s", "--json", "--from", "now-1h") == .success)
        #expect(run("duration > 1s", "*") == .failure)
        #expect(run(Self.a, "duration > 1s") == .usage)
        #expect(run("a", "b", "--limit", "501") == .usage)
        let other = try ScriptedProgram([:])
        defer { other.stop() }
        #expect(OpsProgram.run(["compare", Self.a, Self.b, "--collector", other.address]) == .negative)
    }
}
