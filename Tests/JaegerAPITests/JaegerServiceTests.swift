import HTTP
import JSON
import JaegerAPI
import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("Jaeger's paths are answered in Jaeger's shape")
struct JaegerServiceTests {
    private func envelope(_ data: String, total: Int = 0, errors: String = "null") throws -> JSONValue {
        try json(#"{"data":\#(data),"total":\#(total),"limit":0,"offset":0,"errors":\#(errors)}"#)
    }

    @Test("The paths of Jaeger are this API's, those of version 1 are not")
    func owned() {
        for path in [
            "/api/traces", "/api/traces/1", "/api/services", "/api/services/a/operations", "/api/services/x",
            "/api/operations", "/api/dependencies",
        ] {
            #expect(JaegerService.owns(path: path), "\(path)")
        }
        for path in ["/api", "/api/", "/api/v1/traces/1", "/api/v1/services", "/api/tracesx", "/traces", "/api/recent"]
        {
            #expect(!JaegerService.owns(path: path), "\(path)")
        }
    }

    @Test("Services are sorted, each once, and counted; a span without one names none")
    func services() throws {
        let source = FakeSource()
        source.services = ["shop", "", "pay", "shop"]
        let response = get("/api/services", source)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.headers["cache-control"] == "no-store")
        #expect(response.headers["x-content-type-options"] == "nosniff")
        #expect(text(response) == #"{"data":["pay","shop"],"total":2,"limit":0,"offset":0,"errors":null}"#)
        #expect(try json(get("/api/services")) == envelope("[]"))
    }

    @Test("Operation names of a service are each given once")
    func operationNames() throws {
        let source = FakeSource()
        source.operations["pay"] = [("charge", .client), ("charge", .server), ("audit", .internal)]
        #expect(try json(get("/api/services/pay/operations", source)) == envelope(#"["audit","charge"]"#, total: 2))
        #expect(try json(get("/api/services/unknown/operations", source)) == envelope("[]"))
    }

    @Test(
        "A service's name may hold anything, escaped once, twice or not at all",
        arguments: [
            ("a/b", "a%2Fb"), ("a/b", "a/b"), ("a/b", "a%252Fb"), ("100%", "100%25"), ("a b+c", "a%20b+c"),
            ("é", "%C3%A9"), ("%2F", "%252F"), ("operations", "operations"), ("a%zz", "a%zz"),
        ])
    func escapedServices(name: String, path: String) throws {
        let source = FakeSource()
        source.services = [name]
        source.operations[name] = [("op", .server)]
        #expect(try json(get("/api/services/\(path)/operations", source)) == envelope(#"["op"]"#, total: 1))
    }

    @Test("Operations come with their kinds, of one kind where it is named")
    func operations() throws {
        let source = FakeSource()
        source.operations["pay"] = [("audit", .unspecified), ("charge", .client), ("charge", .server)]
        #expect(
            try json(get("/api/operations?service=pay", source))
                == envelope(
                    """
                    [{"name":"audit","spanKind":""},{"name":"charge","spanKind":"client"},
                     {"name":"charge","spanKind":"server"}]
                    """, total: 3))
        #expect(
            try json(get("/api/operations?service=pay&spanKind=server", source))
                == envelope(#"[{"name":"charge","spanKind":"server"}]"#, total: 1))
        #expect(
            try json(get("/api/operations?service=pay&spanKind=unspecified", source))
                == envelope(#"[{"name":"audit","spanKind":""}]"#, total: 1))
        #expect(
            try json(get("/api/operations", source))
                == envelope("null", errors: #"[{"code":400,"msg":"parameter 'service' is required"}]"#))
        #expect(
            try json(get("/api/operations?service=pay&spanKind=x", source))["errors"]?[0]?["msg"]?.string
                == "unable to parse param 'spanKind': 'x' is none of unspecified, internal, server, client, producer, consumer"
        )
    }

    @Test("Dependencies are added up, sorted, and cut to a window of milliseconds")
    func dependencies() throws {
        let source = FakeSource()
        source.edges = [("shop", "pay", 2), ("pay", "db", 5), ("shop", "pay", 3), ("a", "b", .max), ("a", "b", 1)]
        #expect(
            try json(get("/api/dependencies?endTs=2000&lookback=500", source))
                == envelope(
                    """
                    [{"parent":"a","child":"b","callCount":18446744073709551615},
                     {"parent":"pay","child":"db","callCount":5},{"parent":"shop","child":"pay","callCount":5}]
                    """))
        #expect(
            try json(get("/api/dependencies?service=db", source))
                == envelope(#"[{"parent":"pay","child":"db","callCount":5}]"#))
        _ = get("/api/dependencies?endTs=1&lookback=2", source)
        #expect(
            source.windows == [
                [1_500_000_000, 2_000_000_000], [sampleNow - 86_400_000_000_000, sampleNow], [0, 1_000_000],
            ])
        for (parameter, value) in [("endTs", "x"), ("lookback", "1h")] {
            let response = get("/api/dependencies?\(parameter)=\(value)", source)
            #expect(response.status == 400)
            #expect(
                try json(response)["errors"]?[0]?["msg"]?.string
                    == "unable to parse param '\(parameter)': '\(value)' is not a whole number of milliseconds")
        }
    }

    @Test("One trace by its id, however the id is written")
    func traceByID() throws {
        let source = FakeSource()
        source.add([sample(1)])
        let answer = get("/api/traces/83a9efd15c1c98a977e0711cc93ee28b", source)
        #expect(answer.status == 200)
        #expect(try json(answer)["data"]?[0]?["traceID"]?.string == "83a9efd15c1c98a977e0711cc93ee28b")
        for id in ["83A9EFD15C1C98A977E0711CC93EE28B", "g6nv0VwcmKl34HEcyT7iiw==", "g6nv0VwcmKl34HEcyT7iiw%3D%3D"] {
            #expect(get("/api/traces/\(id)", source).body == answer.body, "\(id)")
        }
        source.add([SpanValue(traceID: TraceID(high: 0, low: 0xAB), spanID: SpanID(value: 1))])
        for id in ["ab", "00000000000000ab", "000000000000000000000000000000ab"] {
            #expect(try json(get("/api/traces/\(id)", source))["data"]?[0]?["traceID"]?.string == "00000000000000ab")
        }
    }

    @Test("The hints of a request for one trace are checked and hide nothing")
    func hints() throws {
        let source = FakeSource()
        source.add([sample(1)])
        let path = "/api/traces/\(sampleTrace)"
        #expect(get("\(path)?start=1&end=2&raw=true", source).body == get(path, source).body)
        for (hint, message) in [
            ("start=x", "unable to parse param 'start': 'x' is not a whole number of microseconds"),
            ("end=x", "unable to parse param 'end': 'x' is not a whole number of microseconds"),
            ("raw=x", "unable to parse param 'raw': 'x' is neither true nor false"),
        ] {
            let response = get("\(path)?\(hint)", source)
            #expect(response.status == 400)
            #expect(
                try json(response) == envelope("null", errors: #"[{"code":400,"msg":"\#(message)"}]"#))
        }
    }

    @Test("A trace that is not there, or whose id is none, is an error")
    func noTrace() throws {
        for id in ["1", "0", "00000000000000000000000000000000"] {
            let response = get("/api/traces/\(id)")
            #expect(response.status == 404)
            #expect(
                text(response)
                    == #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#)
        }
        for id in ["xyz", "123456789012345678901234567890123", "%00"] {
            #expect(get("/api/traces/\(id)").status == 400)
        }
        #expect(
            try json(get("/api/traces/x%22"))
                == envelope(
                    "null",
                    errors: #"[{"code":400,"msg":"'x\"' is not a trace ID: give up to 32 hexadecimal digits"}]"#))
    }

    @Test("Several ids at once: those that are there, each once, and a remark for each that is not")
    func traceIDs() throws {
        let source = FakeSource()
        source.add([sample(1)])
        let response = get("/api/traces?traceID=ff&traceID=\(sampleTrace)&traceID=\(sampleTrace)&service=x", source)
        #expect(response.status == 200)
        let document = try json(response)
        #expect(document["data"]?.array?.count == 1)
        #expect(document["data"]?[0]?["traceID"]?.string == "\(sampleTrace)")
        #expect(try document["errors"] == json(#"[{"msg":"trace not found","traceID":"00000000000000ff"}]"#))
        #expect(source.searches == [])

        var limits = JaegerLimits()
        limits.maximumAnswerBytes = 100
        let full = try json(get("/api/traces?traceID=\(sampleTrace)&traceID=ff", source, limits: limits))
        #expect(
            try full["errors"]
                == json(
                    #"[{"msg":"not read: the answer is full; ask for fewer at once","traceID":"00000000000000ff"}]"#))
    }

    @Test("A search gives the traces found, in their order")
    func search() throws {
        let source = FakeSource()
        let other = TraceID(high: 7, low: 7)
        source.found = [
            assemble([SpanValue(traceID: other, spanID: SpanID(value: 1))], as: other),
            assemble([sample(1)], as: sampleTrace),
        ]
        let document = try json(get("/api/traces?service=pay", source))
        #expect(
            document["data"]?.array?.map { $0["traceID"]?.string }
                == ["00000000000000070000000000000007", "83a9efd15c1c98a977e0711cc93ee28b"])
        #expect(document["total"]?.int == 0 && document["errors"] == .null)
    }

    @Test("A store that fails is an error of the server, with what it says")
    func failures() throws {
        let source = FakeSource()
        source.failure = FakeSource.Failure(description: "the disk is gone")
        for (target, message) in [
            (
                "/api/traces/1",
                "the spans of trace 00000000000000000000000000000001 could not be read: the disk is gone"
            ),
            (
                "/api/traces?traceID=1",
                "the spans of trace 00000000000000000000000000000001 could not be read: the disk is gone"
            ),
            ("/api/traces?service=a", "the search failed: the disk is gone"),
        ] {
            let response = get(target, source)
            #expect(response.status == 500)
            #expect(try json(response) == envelope("null", errors: #"[{"code":500,"msg":"\#(message)"}]"#))
        }
    }

    @Test("Other paths are not there, and other methods are not possible")
    func routes() throws {
        for path in ["/api/services/x", "/api/services//operations", "/api/traces/", "/api/operations/x"] {
            let response = get(path)
            #expect(response.status == 404)
            #expect(
                try json(response)
                    == envelope("null", errors: #"[{"code":404,"msg":"there is nothing at '\#(path)'"}]"#))
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let response = get("/api/services", method: method)
            #expect(response.status == 405)
            #expect(response.headers["allow"] == "GET, HEAD")
            #expect(
                try json(response)
                    == envelope(
                        "null", errors: #"[{"code":405,"msg":"'\#(method)' is not possible here; use GET"}]"#))
        }
        let source = FakeSource()
        source.add([sample(1)])
        for path in ["/api/traces/\(sampleTrace)", "/api/services", "/api/nothing", "/api/traces?limit=x"] {
            let (head, whole) = (get(path, source, method: "HEAD"), get(path, source))
            #expect((head.status, head.body) == (whole.status, whole.body))
        }
    }

    @Test("prettyPrint lays the answer out")
    func pretty() throws {
        let source = FakeSource()
        source.services = ["a"]
        #expect(text(get("/api/services?prettyPrint=true", source)).hasPrefix("{\n  \"data\": [\n    \"a\"\n  ],"))
        #expect(try json(get("/api/services?prettyPrint=1", source)) == json(get("/api/services", source)))
        #expect(get("/api/services?prettyPrint=false", source).body == get("/api/services", source).body)
    }
}
