import JSON
import JaegerAPI
import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("A trace in Jaeger's JSON")
struct JaegerJSONTests {
    private func document(_ spans: [SpanValue], maximumBytes: Int = .max) throws -> JSONValue {
        var writer = JaegerJSON(maximumBytes: maximumBytes)
        writer.add(assemble(spans, as: spans[0].traceID))
        return try JSONParser.parse(writer.finish())
    }

    private func onlySpan(_ span: SpanValue) throws -> JSONValue {
        try #require(try document([span])["data"]?[0]?["spans"]?[0])
    }

    @Test("Every field stands where Jaeger has it")
    func wholeDocument() throws {
        let shop = ResourceValue([
            Attribute("service.name", .string("shop")), Attribute("host.name", .string("h1")),
            Attribute("process.pid", .int(17)),
        ])
        let pay = ResourceValue([Attribute("service.name", .string("pay"))])
        let root = SpanValue(
            traceID: sampleTrace, spanID: SpanID(value: 0x9095_41B9_2CF0_5311), name: "GET /pay", kind: .server,
            startUnixNano: 1_706_678_909_209_712_999, endUnixNano: 1_706_678_909_219_712_000,
            attributes: [Attribute("http.status_code", .int(200))], flags: 0x101, resource: shop,
            scope: ScopeValue("net/http", version: "1.2.3"))
        let child = SpanValue(
            traceID: sampleTrace, spanID: SpanID(value: 0xE127_AF99_E3B3_E074),
            parentSpanID: SpanID(value: 0x9095_41B9_2CF0_5311), name: "charge", kind: .client,
            startUnixNano: 1_706_678_909_209_800_000, endUnixNano: 1_706_678_909_209_923_456,
            attributes: [Attribute("card", .string("\"visa\"")), Attribute("amount", .double(12.5))],
            events: [
                SpanEvent(
                    "exception", at: 1_706_678_909_209_900_000,
                    attributes: [Attribute("exception.type", .string("Declined"))]),
                SpanEvent("", at: 1_706_678_909_209_910_000, attributes: [Attribute("x", .string("y"))]),
            ],
            links: [SpanLink(traceID: TraceID(high: 1, low: 2), spanID: SpanID(value: 3))],
            status: SpanStatus(.error, message: "card declined"), traceState: "vendor=1", resource: pay)
        #expect(
            try document([child, root])
                == json(
                    """
                    {"data":[{"traceID":"83a9efd15c1c98a977e0711cc93ee28b","spans":[
                      {"traceID":"83a9efd15c1c98a977e0711cc93ee28b","spanID":"909541b92cf05311","flags":1,
                       "operationName":"GET /pay","references":[],"startTime":1706678909209712,"duration":9999,
                       "tags":[
                        {"key":"otel.scope.name","type":"string","value":"net/http"},
                        {"key":"otel.scope.version","type":"string","value":"1.2.3"},
                        {"key":"http.status_code","type":"int64","value":200},
                        {"key":"span.kind","type":"string","value":"server"}],
                       "logs":[],"processID":"p1","warnings":null},
                      {"traceID":"83a9efd15c1c98a977e0711cc93ee28b","spanID":"e127af99e3b3e074",
                       "operationName":"charge","references":[
                        {"refType":"CHILD_OF","traceID":"83a9efd15c1c98a977e0711cc93ee28b","spanID":"909541b92cf05311"},
                        {"refType":"FOLLOWS_FROM","traceID":"00000000000000010000000000000002",
                         "spanID":"0000000000000003"}],
                       "startTime":1706678909209800,"duration":123,
                       "tags":[
                        {"key":"card","type":"string","value":"\\"visa\\""},
                        {"key":"amount","type":"float64","value":12.5},
                        {"key":"span.kind","type":"string","value":"client"},
                        {"key":"otel.status_code","type":"string","value":"ERROR"},
                        {"key":"error","type":"bool","value":true},
                        {"key":"otel.status_description","type":"string","value":"card declined"},
                        {"key":"w3c.tracestate","type":"string","value":"vendor=1"}],
                       "logs":[
                        {"timestamp":1706678909209900,"fields":[
                          {"key":"event","type":"string","value":"exception"},
                          {"key":"exception.type","type":"string","value":"Declined"}]},
                        {"timestamp":1706678909209910,"fields":[{"key":"x","type":"string","value":"y"}]}],
                       "processID":"p2","warnings":null}],
                     "processes":{
                      "p1":{"serviceName":"shop","tags":[
                        {"key":"host.name","type":"string","value":"h1"},
                        {"key":"process.pid","type":"int64","value":17}]},
                      "p2":{"serviceName":"pay","tags":[]}},
                     "warnings":null}],
                     "total":0,"limit":0,"offset":0,"errors":null}
                    """))
    }

    @Test(
        "A tag's type is that of its value",
        arguments: [
            (.string("a"), #"{"key":"k","type":"string","value":"a"}"#),
            (.empty, #"{"key":"k","type":"string","value":""}"#),
            (.bool(false), #"{"key":"k","type":"bool","value":false}"#),
            (.int(-7), #"{"key":"k","type":"int64","value":-7}"#),
            (.int(9_007_199_254_740_991), #"{"key":"k","type":"int64","value":9007199254740991}"#),
            (.int(9_007_199_254_740_992), #"{"key":"k","type":"int64","value":"9007199254740992"}"#),
            (.int(-9_007_199_254_740_991), #"{"key":"k","type":"int64","value":-9007199254740991}"#),
            (.int(.min), #"{"key":"k","type":"int64","value":"-9223372036854775808"}"#),
            (.double(72.5), #"{"key":"k","type":"float64","value":72.5}"#),
            (.double(5), #"{"key":"k","type":"float64","value":5}"#),
            (.double(-0.0), #"{"key":"k","type":"float64","value":-0}"#),
            (.double(1e300), #"{"key":"k","type":"float64","value":1e+300}"#),
            (.double(.nan), #"{"key":"k","type":"float64","value":"NaN"}"#),
            (.double(-.infinity), #"{"key":"k","type":"float64","value":"-Infinity"}"#),
            (.bytes([0, 0, 0x30, 0x39]), #"{"key":"k","type":"binary","value":"AAAwOQ=="}"#),
            (
                .array([.string("a\"b"), .int(1), .empty, .double(2)]),
                #"{"key":"k","type":"string","value":"[\"a\\\"b\",1,null,2]"}"#
            ),
            (
                .map([Attribute("m", .array([.bool(true), .bytes([1])]))]),
                #"{"key":"k","type":"string","value":"{\"m\":[true,\"AQ==\"]}"}"#
            ),
        ] as [(AttributeValue, String)])
    func tagTypes(value: AttributeValue, expected: String) throws {
        var span = sample(1)
        span.attributes = [Attribute("k", value)]
        #expect(try onlySpan(span)["tags"]?[0] == json(expected))
    }

    @Test(
        "Status is told by tags",
        arguments: [
            (SpanStatus(), "[]"), (SpanStatus(.ok), #"[{"key":"otel.status_code","type":"string","value":"OK"}]"#),
            (
                SpanStatus(.error),
                #"[{"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"error","type":"bool","value":true}]"#
            ),
            (SpanStatus(message: "m"), #"[{"key":"otel.status_description","type":"string","value":"m"}]"#),
        ])
    func status(status: SpanStatus, expected: String) throws {
        var span = sample(1)
        span.status = status
        #expect(try onlySpan(span)["tags"] == json(expected))
    }

    @Test("Every kind but the unspecified is a tag", arguments: SpanKind.allCases)
    func kinds(kind: SpanKind) throws {
        var span = sample(1)
        span.kind = kind
        let tag = #"[{"key":"span.kind","type":"string","value":"\#(kind)"}]"#
        #expect(try onlySpan(span)["tags"] == json(kind == .unspecified ? "[]" : tag))
    }

    @Test("A link that says how it refers does so; one to the parent stands for the parent's reference")
    func references() throws {
        func reference(_ type: String, _ span: UInt64, _ trace: String = "83a9efd15c1c98a977e0711cc93ee28b") -> String {
            #"{"refType":"\#(type)","traceID":"\#(trace)","spanID":"\#(SpanID(value: span))"}"#
        }
        func link(_ span: UInt64, _ type: String?, trace: TraceID = sampleTrace) -> SpanLink {
            SpanLink(
                traceID: trace, spanID: SpanID(value: span),
                attributes: type.map { [Attribute("opentracing.ref_type", .string($0))] } ?? [])
        }
        var child = sample(2, under: 1)
        child.links = [link(7, "child_of"), link(1, nil), link(8, nil, trace: TraceID(high: 0, low: 0xFF))]
        var trace = try document([sample(1), child])
        #expect(
            try trace["data"]?[0]?["spans"]?[1]?["references"]
                == json(
                    """
                    [\(reference("CHILD_OF", 1)),\(reference("CHILD_OF", 7)),\(reference("FOLLOWS_FROM", 1)),
                     \(reference("FOLLOWS_FROM", 8, "00000000000000ff"))]
                    """))
        child.links = [link(7, nil), link(1, "follows_from")]
        trace = try document([sample(1), child])
        #expect(
            try trace["data"]?[0]?["spans"]?[1]?["references"]
                == json("[\(reference("FOLLOWS_FROM", 1)),\(reference("FOLLOWS_FROM", 7))]"))
    }

    @Test("A trace id whose upper half is zero has 16 digits")
    func shortID() throws {
        let span = SpanValue(traceID: TraceID(high: 0, low: 0xAB), spanID: SpanID(value: 1))
        let trace = try document([span])["data"]?[0]
        #expect(trace?["traceID"]?.string == "00000000000000ab")
        #expect(trace?["spans"]?[0]?["traceID"]?.string == "00000000000000ab")
        #expect(try trace?["processes"] == json(#"{"p1":{"serviceName":"","tags":[]}}"#))
    }

    @Test("Equal resources are one process, whatever Jaeger has no place for")
    func processes() throws {
        var spans = [sample(1), sample(2), sample(3, service: "shop"), sample(4)]
        spans[1].resource.schemaURL = "https://schema"
        spans[3].resource = ResourceValue([
            Attribute("service.name", .int(5)), Attribute("service.name", .string("later")),
        ])
        let trace = try document(spans)["data"]?[0]
        #expect(trace?["spans"]?.array?.map { $0["processID"]?.string } == ["p1", "p1", "p2", "p3"])
        #expect(
            try trace?["processes"]
                == json(
                    """
                    {"p1":{"serviceName":"pay","tags":[]},"p2":{"serviceName":"shop","tags":[]},
                     "p3":{"serviceName":"","tags":[{"key":"service.name","type":"int64","value":5},
                      {"key":"service.name","type":"string","value":"later"}]}}
                    """))
    }

    @Test("Copies are shown once, other spans of the same id are counted, and the reader is told")
    func duplicates() throws {
        let trace = try document([sample(1), sample(1), sample(1, name: "other")])["data"]?[0]
        #expect(trace?["spans"]?.array?.count == 1)
        let warnings = trace?["spans"]?[0]?["warnings"]
        #expect(trace?["spans"]?[0]?["operationName"]?.string == "op")
        #expect(
            try warnings
                == json(
                    """
                    ["this span was received 2 times; shown once",
                     "1 other span with this ID and different content was received and not shown here; \
                    see /api/v1/traces/83a9efd15c1c98a977e0711cc93ee28b"]
                    """))
    }

    @Test("A parent that was not received is named, and counted for the trace")
    func missingParent() throws {
        let trace = try document([sample(1, under: 9), sample(2, under: 9), sample(3, under: 8)])["data"]?[0]
        #expect(trace?["spans"]?.array?.count == 3)
        #expect(trace?["spans"]?[0]?["references"]?[0]?["spanID"]?.string == "0000000000000008")
        #expect(
            try trace?["spans"]?[0]?["warnings"]
                == json(#"["the parent span 0000000000000008 was not received"]"#))
        #expect(try trace?["warnings"] == json(#"["2 spans named as parent were not received"]"#))
    }

    @Test("A ring of parents is open here as it is in the tree, so that no reader walks in it")
    func rings() throws {
        let trace = try document([sample(1, under: 2), sample(2, under: 1, 1001), sample(3, under: 3, 1002)])["data"]?[
            0]
        #expect(trace?["spans"]?.array?.map { $0["spanID"]?.string?.last } == ["1", "2", "3"])
        #expect(trace?["spans"]?.array?.map { $0["references"]?.array?.count } == [0, 1, 0])
        #expect(
            try trace?["spans"]?[0]?["warnings"]
                == json(#"["the parents form a ring; the reference to the parent 0000000000000002 is left out here"]"#))
        #expect(
            try trace?["spans"]?[2]?["warnings"] == json(#"["the span names itself as its parent; shown as a root"]"#))
    }

    @Test("Times are as the sender claims; what is strange about them is said")
    func times() throws {
        let unset = sample(2, under: 1, 0, 0)
        let trace = try document([
            sample(1, 1_700_000_000_000_000, 1_700_000_000_001_000), unset,
            sample(3, under: 1, 1_700_000_000_000_500, 1_700_000_000_000_400),
            sample(4, under: 1, 1_699_999_999_999_990, 1_700_000_000_000_100),
        ])["data"]?[0]
        var warnings: [String: JSONValue] = [:]
        var times: [String: [Int?]] = [:]
        for span in trace?["spans"]?.array ?? [] {
            let id = String(span["spanID"]?.string?.suffix(1) ?? "")
            warnings[id] = span["warnings"]
            times[id] = [span["startTime"]?.int, span["duration"]?.int]
        }
        #expect(
            times == [
                "1": [1_700_000_000_000_000, 1000], "2": [0, 0], "3": [1_700_000_000_000_500, 0],
                "4": [1_699_999_999_999_990, 110],
            ])
        #expect(warnings["1"] == .null)
        #expect(try warnings["2"] == json(#"["the start or end time was not set by the sender"]"#))
        #expect(
            try warnings["3"] == json(#"["the span ends 100 µs before it starts; the duration is given as 0"]"#))
        #expect(
            try warnings["4"]
                == json(#"["the span starts 10 µs before its parent: clocks disagree; times are not adjusted"]"#))
    }

    @Test("What the sender left out is said")
    func dropped() throws {
        var span = sample(1)
        (span.droppedAttributes, span.droppedEvents, span.droppedLinks) = (1, 2, 3)
        #expect(
            try onlySpan(span)["warnings"]
                == json(
                    """
                    ["the sender left out 1 tags","the sender left out 2 logs","the sender left out 3 references"]
                    """))
    }

    @Test("An answer ends at its bound: what is cut off and what is left out is said, and the text stays whole")
    func bounded() throws {
        var writer = JaegerJSON(maximumBytes: 600)
        let spans = (1...10).map { sample(UInt64($0)) }
        writer.add(assemble(spans, as: sampleTrace))
        #expect(writer.isFull)
        writer.add(assemble(spans, as: sampleTrace))
        writer.add(assemble(spans, as: sampleTrace))
        let document = try JSONParser.parse(writer.finish())
        #expect(document["data"]?.array?.count == 1)
        let count = try #require(document["data"]?[0]?["spans"]?.array?.count)
        #expect(count == 3)
        let sentence = "only 3 of 10 spans are given: an answer ends at 600 bytes"
        #expect(document["data"]?[0]?["warnings"] == .array([.string(sentence)]))
        #expect(
            try document["errors"]
                == json(
                    """
                    [{"msg":"\(sentence)","traceID":"83a9efd15c1c98a977e0711cc93ee28b"},
                     {"msg":"2 more traces were found: an answer ends at 600 bytes; ask for fewer"}]
                    """))
    }

    @Test("No traces are an empty list")
    func nothing() throws {
        let writer = JaegerJSON()
        #expect(
            try JSONParser.parse(writer.finish()) == json(#"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#))
    }
}
