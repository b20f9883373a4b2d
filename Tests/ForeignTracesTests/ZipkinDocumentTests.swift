import ForeignTraces
import OTLP
import Testing
import TraceModel

@Suite("Zipkin's JSON becomes spans")
struct ZipkinDocumentTests {
    private func read(_ text: String) throws(ForeignTraceError) -> [SpanValue] { try readZipkinJSON(Array(text.utf8)) }

    @Test("Every field finds its place")
    func fields() throws {
        let text = """
            [{"traceId":"5982fe77008310cc80f1da5e10147517","parentId":"90394f6bcffb5d13","id":"67fae42571535f60",
              "kind":"CLIENT","name":"get /n/m/n-reviews","timestamp":1516781775726000,"duration":26000,"debug":true,
              "localEndpoint":{"serviceName":"page","ipv4":"172.30.0.1","port":8080},
              "remoteEndpoint":{"serviceName":"reviews","ipv6":"2001:db8::1","port":9080},
              "annotations":[{"timestamp":1516781775730000,"value":"retry"}],
              "tags":{"http.status_code":"200","otel.scope.name":"brave","error":"timed out"}}]
            """
        let expected = SpanValue(
            traceID: TraceID(high: 0x5982_FE77_0083_10CC, low: 0x80F1_DA5E_1014_7517),
            spanID: SpanID(value: 0x67FA_E425_7153_5F60), parentSpanID: SpanID(value: 0x9039_4F6B_CFFB_5D13),
            name: "get /n/m/n-reviews", kind: .client, startUnixNano: 1_516_781_775_726_000_000,
            endUnixNano: 1_516_781_775_752_000_000,
            attributes: [
                Attribute("http.status_code", .string("200")),
                Attribute("network.local.address", .string("172.30.0.1")), Attribute("network.local.port", .int(8080)),
                Attribute("peer.service", .string("reviews")),
                Attribute("network.peer.address", .string("2001:db8::1")),
                Attribute("network.peer.port", .int(9080)),
            ],
            events: [SpanEvent("retry", at: 1_516_781_775_730_000_000)],
            status: SpanStatus(.error, message: "timed out"), flags: 1,
            resource: ResourceValue([Attribute("service.name", .string("page"))]), scope: ScopeValue("brave"))
        #expect(try read(text) == [expected])
        #expect(try read("[\(text),\(text)]") == [expected, expected])
    }

    @Test("A span may be as bare as its ids")
    func bare() throws {
        let span = SpanValue(traceID: TraceID(high: 0, low: 0xA), spanID: SpanID(value: 0xB))
        #expect(try read(#"[{"traceId":"000000000000000a","id":"b","tags":null,"localEndpoint":null},null]"#) == [span])
        #expect(try read("[]") == [])
    }

    @Test("A server span under its client's id becomes a span of its own, with the server's children")
    func shared() throws {
        let spans = try read(
            """
            [{"traceId":"1","id":"2","parentId":"9","kind":"CLIENT","name":"call"},
             {"traceId":"1","id":"2","parentId":"9","kind":"SERVER","shared":true,"name":"serve"},
             {"traceId":"1","id":"3","parentId":"2","name":"below"},
             {"traceId":"7","id":"2","kind":"SERVER","shared":true,"name":"alone"},
             {"traceId":"1","id":"4","parentId":"3","kind":"SERVER","name":"own"}]
            """)
        let server = spans[1].spanID
        #expect(server != SpanID(value: 2) && !server.isZero)
        #expect(
            spans.map(\.spanID) == [SpanID(value: 2), server, SpanID(value: 3), SpanID(value: 2), SpanID(value: 4)])
        #expect(
            spans.map(\.parentSpanID)
                == [SpanID(value: 9), SpanID(value: 2), server, nil, SpanID(value: 3)])
        #expect(spans.map(\.kind) == [.client, .server, .unspecified, .server, .server])
    }

    @Test("Reading a document twice gives the same spans")
    func deterministic() throws {
        let text = #"[{"traceId":"1","id":"2","kind":"CLIENT"},{"traceId":"1","id":"2","kind":"SERVER"}]"#
        #expect(try read(text) == read(text))
        #expect(Set(try read(text).map(\.spanID)).count == 2)
    }

    @Test(
        "Any 'error' marks a failed span; its text is the message unless it is 'true'",
        arguments: [("true", ""), ("", ""), ("boom", "boom")])
    func errors(value: String, message: String) throws {
        let spans = try read(#"[{"traceId":"1","id":"2","tags":{"error":"\#(value)"}}]"#)
        #expect(spans.map(\.status) == [SpanStatus(.error, message: message)])
        #expect(spans.map(\.attributes) == [[]])
    }

    @Test(
        "What cannot be read is refused with its place",
        arguments: [
            ("{}", "line 1 (byte 0): 'document' is not an array"),
            ("[7]", "line 1 (byte 1): 'span' is not an object"),
            (#"[{"id":"1"}]"#, "line 1 (byte 10): a span has no 'traceId'"),
            (#"[{"traceId":"1","id":"12345678901234567"}]"#, "line 1 (byte 40): a span has no 'id'"),
            (#"[{"tags":[]}]"#, "line 1 (byte 9): 'tags' is not an object"),
            (#"[{"shared":"yes"}]"#, "line 1 (byte 11): 'shared' is not true or false"),
            ("[] []", "not JSON: line 1, column 4 (byte 3): something follows the value, expected the end of the text"),
        ])
    func refusals(text: String, message: String) {
        #expect { try read(text) } throws: { "\($0)" == message }
    }
}
