import ForeignTraces
import JSON
import OTLP
import Testing
import TraceModel

@Suite("Jaeger's JSON becomes spans")
struct JaegerDocumentTests {
    private func read(
        _ text: String, limits: ForeignTraceLimits = ForeignTraceLimits()
    ) throws(ForeignTraceError) -> [SpanValue] {
        try readJaegerJSON(Array(text.utf8), limits: limits)
    }

    private let trace = TraceID(high: 0x83A9_EFD1_5C1C_98A9, low: 0x77E0_711C_C93E_E28B)

    private let spanText = """
        {"traceID":"83a9efd15c1c98a977e0711cc93ee28b","spanID":"e127af99e3b3e074","flags":1,
         "operationName":"charge","references":[
          {"refType":"CHILD_OF","traceID":"83a9efd15c1c98a977e0711cc93ee28b","spanID":"909541b92cf05311"},
          {"refType":"FOLLOWS_FROM","traceID":"ff","spanID":"1"}],
         "startTime":1706678909209712,"duration":123,
         "tags":[
          {"key":"otel.scope.name","type":"string","value":"client"},
          {"key":"otel.scope.version","type":"string","value":"1.2"},
          {"key":"text","type":"string","value":"a\\"b"},{"key":"whole","type":"int64","value":23456},
          {"key":"large","type":"int64","value":"9223372036854775222"},{"key":"part","type":"float64","value":72.5},
          {"key":"even","type":"float64","value":5},{"key":"yes","type":"bool","value":true},
          {"key":"blob","type":"binary","value":"AAAwOQ=="},
          {"key":"span.kind","type":"string","value":"server"},
          {"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"error","type":"bool","value":true},
          {"key":"otel.status_description","type":"string","value":"declined"},
          {"key":"w3c.tracestate","type":"string","value":"a=b"}],
         "logs":[{"timestamp":1706678909209800,"fields":[
          {"key":"event","type":"string","value":"retry"},{"key":"attempt","type":"int64","value":2}]}],
         "processID":"p1","warnings":null}
        """
    private let processText = #"{"p1":{"serviceName":"pay","tags":[{"key":"host","type":"string","value":"h1"}]}}"#

    private var expected: SpanValue {
        SpanValue(
            traceID: trace, spanID: SpanID(value: 0xE127_AF99_E3B3_E074),
            parentSpanID: SpanID(value: 0x9095_41B9_2CF0_5311), name: "charge", kind: .server,
            startUnixNano: 1_706_678_909_209_712_000, endUnixNano: 1_706_678_909_209_835_000,
            attributes: [
                Attribute("text", .string("a\"b")), Attribute("whole", .int(23456)),
                Attribute("large", .int(9_223_372_036_854_775_222)), Attribute("part", .double(72.5)),
                Attribute("even", .double(5)), Attribute("yes", .bool(true)),
                Attribute("blob", .bytes([0, 0, 0x30, 0x39])),
            ],
            events: [
                SpanEvent("retry", at: 1_706_678_909_209_800_000, attributes: [Attribute("attempt", .int(2))])
            ],
            links: [SpanLink(traceID: TraceID(high: 0, low: 0xFF), spanID: SpanID(value: 1))],
            status: SpanStatus(.error, message: "declined"), traceState: "a=b", flags: 1,
            resource: ResourceValue([Attribute("service.name", .string("pay")), Attribute("host", .string("h1"))]),
            scope: ScopeValue("client", version: "1.2"))
    }

    @Test("Every field finds its place, in each form of document")
    func forms() throws {
        let one = #"{"traceID":"83a9efd15c1c98a977e0711cc93ee28b","spans":[\#(spanText)],"processes":\#(processText)}"#
        #expect(try read(one) == [expected])
        #expect(try read("[\(one),\(one)]") == [expected, expected])
        #expect(try read(#"{"data":[\#(one)],"total":0,"limit":0,"offset":0,"errors":null}"#) == [expected])
        #expect(try read(#"{"total":0,"data":\#(one)}"#) == [expected])
        #expect(try read(#"{"processes":\#(processText),"warnings":null,"spans":[\#(spanText)]}"#) == [expected])
        let embedded = spanText.replacing(
            #""processID":"p1""#,
            with: #""process":{"serviceName":"pay","tags":[{"key":"host","type":"string","value":"h1"}]}"#)
        #expect(try read("[\(embedded)]") == [expected])
        #expect(try read(embedded) == [expected])
    }

    @Test(
        "Documents without spans hold none", arguments: [#"{"data":null,"errors":[]}"#, "[]", "null", #"{"data":[]}"#])
    func empty(text: String) throws {
        #expect(try read(text) == [])
    }

    @Test("A span takes the trace's id when it has none, and stands without a process")
    func sparse() throws {
        let spans = try read(#"{"traceID":"ab","spans":[{"spanID":"c","processID":""},null],"processes":null}"#)
        #expect(spans == [SpanValue(traceID: TraceID(high: 0, low: 0xAB), spanID: SpanID(value: 0xC))])
    }

    @Test("The parent is the first CHILD_OF of the trace, then 'parentSpanID', then a FOLLOWS_FROM of the trace")
    func parents() throws {
        func span(_ members: String) throws -> SpanValue {
            try #require(try read(#"[{"traceID":"1","spanID":"9",\#(members)}]"#).first)
        }
        let childOf = #"{"refType":"CHILD_OF","traceID":"1","spanID":"2"}"#
        let secondChildOf = #"{"refType":"CHILD_OF","traceID":"1","spanID":"4"}"#
        let follows = #"{"refType":"FOLLOWS_FROM","traceID":"1","spanID":"3"}"#
        let foreign = #"{"refType":"CHILD_OF","traceID":"7","spanID":"2"}"#
        let own = TraceID(high: 0, low: 1)
        func link(_ trace: TraceID, _ span: UInt64, _ type: String?) -> SpanLink {
            SpanLink(
                traceID: trace, spanID: SpanID(value: span),
                attributes: type.map { [Attribute("opentracing.ref_type", .string($0))] } ?? [])
        }

        var given = try span(#""references":[\#(follows),\#(foreign),\#(childOf),\#(secondChildOf)]"#)
        #expect(given.parentSpanID == SpanID(value: 2))
        #expect(
            given.links == [
                link(own, 3, nil), link(TraceID(high: 0, low: 7), 2, "child_of"), link(own, 4, "child_of"),
            ])
        given = try span(#""references":[\#(follows)],"parentSpanID":"5""#)
        #expect(given.parentSpanID == SpanID(value: 5))
        #expect(given.links == [link(own, 3, nil)])
        given = try span(#""references":[\#(follows)]"#)
        #expect(given.parentSpanID == SpanID(value: 3))
        #expect(given.links == [link(own, 3, "follows_from")])
        given = try span(#""parentSpanID":"0000000000000000""#)
        #expect(given.parentSpanID == nil)
    }

    @Test(
        "A value that is not what its type says keeps what it is",
        arguments: [
            ("int64", "1.5", .double(1.5)), ("int64", #""x""#, .string("x")), ("bool", #""true""#, .bool(true)),
            ("bool", #""yes""#, .string("yes")), ("float64", #""-Infinity""#, .double(-.infinity)),
            ("float64", #""1e3""#, .double(1000)), ("float64", #""0x10""#, .string("0x10")),
            ("binary", #""?""#, .string("?")), ("string", "7", .string("7")), ("", "7", .int(7)),
            ("", "9223372036854775808", .double(9_223_372_036_854_775_808)), ("string", "null", .empty),
            ("string", #"[1, {"a":"]"}]"#, .string(#"[1, {"a":"]"}]"#)), ("", "false", .bool(false)),
        ] as [(String, String, AttributeValue)])
    func oddTags(type: String, value: String, expected: AttributeValue) throws {
        let spans = try read(
            #"[{"traceID":"1","spanID":"2","tags":[{"key":"k","type":"\#(type)","value":\#(value)}]}]"#)
        #expect(spans.first?.attributes == [Attribute("k", expected)])
    }

    @Test("A failed span is told by a true 'error' or by its code; what is neither stays a tag")
    func statuses() throws {
        func span(_ tags: String) throws -> SpanValue {
            try #require(try read(#"[{"traceID":"1","spanID":"2","tags":[\#(tags)]}]"#).first)
        }
        var given = try span(#"{"key":"error","type":"string","value":"true"}"#)
        #expect((given.status, given.attributes) == (SpanStatus(.error), []))
        given = try span(#"{"key":"error","type":"bool","value":false}"#)
        #expect((given.status, given.attributes) == (SpanStatus(), [Attribute("error", .bool(false))]))
        given = try span(#"{"key":"otel.status_code","type":"string","value":"OK"}"#)
        #expect((given.status, given.attributes) == (SpanStatus(.ok), []))
        given = try span(#"{"key":"span.kind","type":"string","value":"odd"}"#)
        #expect((given.kind, given.attributes) == (.unspecified, [Attribute("span.kind", .string("odd"))]))
    }

    @Test("Times beyond 64 bits end at the greatest, negative ones at zero, and fractions of microseconds are kept")
    func times() throws {
        func times(_ start: String, _ duration: String) throws -> [UInt64] {
            let text = #"[{"traceID":"1","spanID":"2","startTime":\#(start),"duration":\#(duration)}]"#
            return try read(text).flatMap { [$0.startUnixNano, $0.endUnixNano] }
        }
        #expect(try times("18446744073709551615", "1") == [.max, .max])
        #expect(try times("18446744073709551", "18446744073709551") == [18_446_744_073_709_551_000, .max])
        #expect(try times("-5", "-1") == [0, 0])
        #expect(try times("\"12\"", "0.125") == [12_000, 12_125])
        #expect(try times("null", "2") == [0, 2000])
    }

    @Test(
        "What cannot be read is refused with its place",
        arguments: [
            ("{", "not JSON: line 1, column 2 (byte 1): the text ends, expected a key in quotes or '}'"),
            ("[1]", "line 1 (byte 1): 'trace' is not an object"),
            ("7", "line 1 (byte 0): 'trace' is not an object"),
            ("{}", "line 1 (byte 1): a span has no 'traceID'"),
            (#"[{"traceID":"1"}]"#, "line 1 (byte 15): a span has no 'spanID'"),
            (#"[{"traceID":"0","spanID":"2"}]"#, "line 1 (byte 28): a span has no 'traceID'"),
            ("[{\"traceID\":\"1\",\n\"spanID\":\"x\"}]", "line 2 (byte 29): a span has no 'spanID'"),
            (#"{"spans":{}}"#, "line 1 (byte 9): 'spans' is not an array"),
            (
                #"{"spans":[{"traceID":"1","spanID":"2","processID":"p9"}]}"#,
                "line 1 (byte 56): a span names the process 'p9', which its trace does not list"
            ),
            (#"[{"spanID":"2","duration":"long"}]"#, "line 1 (byte 26): 'duration' is not a number"),
            (#"[{"spanID":"2","references":[{"traceID":"1"}]}]"#, "line 1 (byte 43): a reference has no 'spanID'"),
            (#"[{"spanID":"2","operationName":true}]"#, "line 1 (byte 31): 'operationName' is not a string"),
        ])
    func refusals(text: String, message: String) {
        #expect { try read(text) } throws: { "\($0)" == message }
    }

    @Test("Depth, spans and items are bounded")
    func bounds() {
        var limits = ForeignTraceLimits()
        limits.maximumSpans = 2
        limits.maximumItemsPerSpan = 3
        limits.maximumDepth = 8
        func reason(_ text: String) -> ForeignTraceError.Reason? {
            do throws(ForeignTraceError) { _ = try read(text, limits: limits) } catch { return error.reason }
            return nil
        }
        let span = #"{"traceID":"1","spanID":"2"}"#
        #expect(reason("[\(span),\(span)]") == nil)
        #expect(reason("[\(span),\(span),\(span)]") == .tooManySpans(limit: 2))
        #expect(reason(#"{"spans":[\#(span),\#(span),\#(span)]}"#) == .tooManySpans(limit: 2))
        #expect(reason(#"[{"spans":[\#(span)]},{"spans":[\#(span),\#(span)]}]"#) == .tooManySpans(limit: 2))
        #expect(reason(#"[{"spanID":"1","tags":[{},{},{}]}]"#) == .missing(field: "traceID", in: "span"))
        #expect(reason(#"[{"spanID":"1","tags":[{},{},{},{}]}]"#) == .tooManyItems(limit: 3))
        #expect(reason(#"[{"spanID":"1","logs":[{"fields":[{},{},{}]}]}]"#) == .tooManyItems(limit: 3))
        #expect(reason(#"[{"spanID":"1","process":{"tags":[{},{},{},{}]}}]"#) == .tooManyItems(limit: 3))
        let deep = String(repeating: "[", count: 9)
        guard case .json(let error)? = reason(#"{"other":\#(deep)"#) else {
            Issue.record("depth is not bounded")
            return
        }
        #expect(error.reason == .nestedTooDeep(limit: 8))
    }
}
