import JSON
import OTLP
import OpsCommands
import StorageTesting
import Testing
import TraceModel

@Suite("Export") struct ExportTests {
    @Test("A page of a search is read, with its cursor and whether it is complete")
    func pages() throws {
        let id = "0000000000000000000000000000000a"
        func page(_ text: String) throws -> SearchPage? { SearchPage(try JSONParser.parse(Array(text.utf8))) }
        #expect(
            try page(#"{"traces":[{"traceId":"\#(id)","more":1}],"cursor":"c1","complete":false}"#)
                == SearchPage(traces: [TraceID(high: 0, low: 10)], cursor: "c1", isComplete: false))
        #expect(try page(#"{"traces":[]}"#) == SearchPage(traces: [], cursor: nil, isComplete: true))
        #expect(try page(#"{"traces":[],"cursor":""}"#)?.cursor == nil)
        #expect(try page(#"{"traces":[{"traceId":"x"}]}"#) == nil)
        #expect(try page("[]") == nil)
    }

    @Test("What is asked for is escaped in the path")
    func paths() {
        let request = SearchRequest(query: #"a = "ü & b""#, from: "1h", to: nil)
        #expect(
            request.path(cursor: "x/1")
                == "/api/v1/search?limit=200&q=a%20%3D%20%22%C3%BC%20%26%20b%22&from=1h&cursor=x%2F1")
        #expect(SearchRequest(query: "").path(cursor: nil) == "/api/v1/search?limit=200&q=")
    }

    @Test("Progress is found again by the same question alone")
    func progress() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/out.progress"
        var progress = ExportProgress(question: "q \"1\"")
        progress.cursor = "c"
        (progress.bytes, progress.traces, progress.spans, progress.gone) = (9, 8, 7, 6)
        try progress.save(path)
        #expect(ExportProgress.load(path, question: "q \"1\"") == progress)
        #expect(ExportProgress.load(path, question: "q") == nil)
        directory.change("out.progress") { $0.removeLast() }
        #expect(ExportProgress.load(path, question: "q \"1\"") == nil)
    }

    @Test("Named traces are written; one that is not there makes the answer no")
    func writesTraces() throws {
        let directory = TemporaryDirectory()
        // Ids whose bytes are text, as the scripted program answers text.
        let ids = ["4142434445464748494a4b4c4d4e4f50", "5152535455565758595a5b5c5d5e5f60"].compactMap {
            TraceID(hex: $0)
        }
        let output = directory.path + "/out.jsonl"
        let messages = ids.map { id in
            OTLPSpanWriter.encode([SpanValue(traceID: id, spanID: SpanID(value: 0x6162_6364_6566_6768), name: "n")])
        }
        let program = try ScriptedProgram(["/api/v1/traces/\(ids[0])": [String(decoding: messages[0], as: UTF8.self)]])
        defer { program.stop() }
        let code = OpsProgram.run([
            "export", "--collector", program.address, "--trace", ids[0].description, "--trace", ids[1].description,
            "--output", output, "--patience", "0",
        ])
        // The second is not there.
        #expect(code == .negative)
        #expect(directory.names() == ["out.jsonl"])
        let text = String(decoding: directory.bytes("out.jsonl"), as: UTF8.self)
        #expect(text.contains(#""traceId":"\#(ids[0])""#))
        #expect(text.split(separator: "\n").count == 1)
    }
}
