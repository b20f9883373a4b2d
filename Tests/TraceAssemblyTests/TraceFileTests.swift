import OTLP
import Testing
import TraceModel
import TraceTesting

@Suite("Trace files say what they seem to say")
struct TraceFileTests {
    @Test("Every part of a line is read")
    func line() throws {
        let file = try TraceFile(
            """
            # a comment
            trace abc
            base 1000

            a1 - 1us..2ms server "a \\"b\\" \\\\ \\n\\t\\u{202E}" name @node-1 error="it broke" n=5 s="5" t=x link=b link=77/c event@3ns="went by" # end
            b a1 =5..=max client x y ok x2
            """)
        #expect(file.traceID == TraceID(high: 0, low: 0xABC))
        #expect(file.spans.count == 3)
        let span = file.spans[0]
        #expect(span.traceID == file.traceID)
        #expect((span.spanID, span.parentSpanID) == (SpanID(value: 0xA1), nil))
        #expect((span.startUnixNano, span.endUnixNano) == (2_000, 2_001_000))
        #expect((span.kind, span.name) == (.server, "name"))
        #expect(
            span.resource.attributes == [
                Attribute("service.name", .string("a \"b\" \\ \n\t\u{202E}")),
                Attribute("host.name", .string("node-1")),
            ])
        #expect(span.status == SpanStatus(.error, message: "it broke"))
        #expect(
            span.attributes == [Attribute("n", .int(5)), Attribute("s", .string("5")), Attribute("t", .string("x"))])
        #expect(
            span.links == [
                SpanLink(traceID: file.traceID, spanID: SpanID(value: 0xB)),
                SpanLink(traceID: TraceID(high: 0, low: 0x77), spanID: SpanID(value: 0xC)),
            ])
        #expect(span.events == [SpanEvent("went by", at: 1_003)])
        #expect(file.spans[1] == file.spans[2])
        #expect((file.spans[1].startUnixNano, file.spans[1].endUnixNano) == (5, .max))
        #expect(file.spans[1].parentSpanID == SpanID(value: 0xA1))
        #expect(file.spans[1].status == SpanStatus(.ok))
    }

    @Test("Rows stand side by side, chains within each other")
    func patterns() throws {
        let row = try TraceFile("base 0\nrepeat 3 every 10ns\n9 1 5ns+2ns client a b").spans
        #expect(row.map(\.spanID.value) == [9, 10, 11])
        #expect(row.map(\.startUnixNano) == [5, 15, 25])
        #expect(row.map(\.endUnixNano) == [7, 17, 27])
        #expect(row.allSatisfy { $0.parentSpanID == SpanID(value: 1) })
        let chain = try TraceFile("base 0\nchain 3 in 1ns\n9 - 5ns..20ns internal a b").spans
        #expect(chain.map(\.startUnixNano) == [5, 6, 7])
        #expect(chain.map(\.endUnixNano) == [20, 19, 18])
        #expect(chain.map(\.parentSpanID?.value) == [nil, 9, 10])
    }

    @Test(
        "Mistakes are told with their line",
        arguments: [
            ("\n1 -", "line 2: times such as 10..20 or 10+10 is missing"),
            ("1 - 5 server a b", "line 1: '5' is not times such as 10..20 or 10+10"),
            ("1 - 5..x server a b", "line 1: 'x' is not a time such as 10, 250us or -5s"),
            ("1 - 5..6 sever a b", "line 1: 'sever' is not a kind such as server"),
            ("xyz - 5..6 server a b", "line 1: 'xyz' is not a span id of up to 16 hexadecimal digits"),
            ("1 - 5..6 server a b strange", "line 1: 'strange' is not @host, error, ok, xN or key=value"),
            ("1 - 5..6 server \"a b", "line 1: a quoted text does not end"),
            ("repeat 5 each 1", "line 1: 'each' is not 'every'"),
            ("trace 1 2", "line 1: '2' is not the end of the line"),
        ])
    func mistakes(text: String, message: String) {
        do {
            _ = try TraceFile(text)
            Issue.record("accepted")
        } catch {
            #expect(error.description == message)
        }
    }
}
