import HTTP
import JSON
import JaegerAPI
import OTLP
import Testing
import TraceModel

@Suite("The parameters of a search become a query and a window")
struct JaegerParametersTests {
    private func search(_ query: String) throws -> FakeSource.Search {
        let source = FakeSource()
        let response = get("/api/traces?\(query)", source)
        #expect(response.status == 200, "\(text(response))")
        return try #require(source.searches.first)
    }

    private func query(_ parameters: String) throws -> String { try search(parameters).query }

    private func refusal(_ target: String) throws -> String {
        let source = FakeSource()
        let response = get(target, source)
        #expect(response.status == 400)
        #expect(source.searches == [] && source.windows == [])
        let document = try json(response)
        #expect(document["data"] == .null && document["errors"]?[0]?["code"]?.int == 400)
        return document["errors"]?[0]?["msg"]?.string ?? ""
    }

    @Test("Nothing asked for is everything of the last two days")
    func defaults() throws {
        #expect(
            try search("")
                == FakeSource.Search(
                    query: "", from: sampleNow - 172_800_000_000_000, to: sampleNow, limit: 20))
        #expect(try search("service=&operation=&tags=&minDuration=&limit=&start=&end=&lookback=").query == "")
    }

    @Test(
        "Each parameter is one term",
        arguments: [
            ("service=pay", #"service = "pay""#),
            ("service=pay&operation=GET+%2Fx%3Fa%3D1", #"service = "pay" and name = "GET /x?a=1""#),
            ("minDuration=1.5s", "duration >= 1500000000ns"), ("maxDuration=100ms", "duration <= 100000000ns"),
            ("minDuration=1us&maxDuration=1us", "duration >= 1000ns and duration <= 1000ns"), ("minDuration=0", ""),
            ("tag=http.status_code:500", #""http.status_code" = "500""#),
            ("tag=a:b:c&tag=d:", #""a" = "b:c" and "d" = """#),
            (#"tags={"http.status_code":"500","x y":"z"}"#, #""http.status_code" = "500" and "x y" = "z""#),
            (#"tags={"n":5,"t":true,"f":false}"#, #""n" = "5" and "t" = "true" and "f" = "false""#),
            (#"tag=a:1&tag=b:2&tags={"a":"3"}"#, #""a" = "3" and "b" = "2""#),
            ("tag=error:true", #"(status = error or "error" = "true")"#), ("tag=error:false", #""error" = "false""#),
            ("tag=span.kind:server", #"(kind = server or "span.kind" = "server")"#),
            ("tag=span.kind:odd", #""span.kind" = "odd""#),
            ("tag=span.kind:unspecified", #""span.kind" = "unspecified""#),
            ("tag=otel.status_code:ERROR", #"(status = error or "otel.status_code" = "ERROR")"#),
            ("tag=otel.status_code:OK", #"(status = ok or "otel.status_code" = "OK")"#),
            ("tag=otel.status_description:no", #"(statusMessage = "no" or "otel.status_description" = "no")"#),
            ("tag=otel.scope.name:s", #"(scope.name = "s" or "otel.scope.name" = "s")"#),
            ("tag=otel.library.version:1", #"(scope.version = "1" or "otel.library.version" = "1")"#),
            ("tag=event:exception", #"(event.name = "exception" or "event" = "exception")"#),
        ])
    func terms(parameters: String, expected: String) throws {
        #expect(try query(parameters) == expected)
    }

    @Test("Whatever stands in a name, it stays one name")
    func injection() throws {
        #expect(try query("service=%22+or+service+%3D+%22") == #"service = "\" or service = \"""#)
        #expect(try query("service=a%5C%22b%5C") == #"service = "a\\\"b\\""#)
        #expect(try query("service=a%0Ab%09c%00%1B%7F%C2%9B") == #"service = "a\nb\tc\u{0}\u{1b}\u{7f}\u{9b}""#)
        #expect(try query("service=%C3%A9%F0%9F%98%80") == #"service = "é😀""#)
        #expect(try query("tag=%22%20or%20%22a:%22") == #""\" or \"a" = "\"""#)
    }

    @Test("Random names come out of their quotes as they went in")
    func randomNames() throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var state = seed
        let pieces: [Character] = ["\"", "\\", "a", "\n", "\t", "{", "}", "u", "=", " ", "\u{0}", "é", "'", "n"]
        for _ in 0..<500 {
            var name = ""
            repeat {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                name.append(pieces[Int(state % UInt64(pieces.count))])
            } while !state.isMultiple(of: 9)
            let escaped = name.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let text = try query("service=\(escaped)")
            guard unquoted(text.dropFirst("service = ".count)) == name else {
                Issue.record("seed \(seed): '\(name)' became \(text)")
                return
            }
        }
    }

    /// Reads one quoted text and wants nothing behind it.
    private func unquoted(_ text: Substring) -> String? {
        var rest = Substring.UnicodeScalarView(text.unicodeScalars)
        var name = String.UnicodeScalarView()
        guard rest.popFirst() == "\"" else { return nil }
        while let scalar = rest.popFirst(), scalar != "\"" {
            guard scalar == "\\" else {
                name.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "n": name.append("\n")
            case "t": name.append("\t")
            case "u":
                guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}"),
                    let value = UInt32(String(rest[..<end]), radix: 16), let unicode = Unicode.Scalar(value)
                else { return nil }
                name.append(unicode)
                rest = rest[rest.index(after: end)...]
            case let plain? where plain == "\"" || plain == "\\": name.append(plain)
            default: return nil
            }
        }
        return rest.isEmpty ? String(name) : nil
    }

    @Test(
        "Times are microseconds, and a start that is missing lies 'lookback' before the end",
        arguments: [
            ("start=1&end=2", 1000, 2000), ("start=-5&end=0", 0, 0),
            ("start=5&end=9223372036854775807", 5000, .max), ("end=10&lookback=4us", 6000, 10_000),
            ("end=10&lookback=1h", 0, 10_000), ("start=1&end=2&lookback=1h", 1000, 2000),
            ("start=1&end=2&lookback=custom", 1000, 2000), ("lookback=2d", sampleNow - 172_800_000_000_000, sampleNow),
            ("lookback=1w", sampleNow - 604_800_000_000_000, sampleNow),
            ("lookback=20m", sampleNow - 1_200_000_000_000, sampleNow),
            ("lookback=custom", sampleNow - 172_800_000_000_000, sampleNow),
        ] as [(String, UInt64, UInt64)])
    func windows(parameters: String, from: UInt64, to: UInt64) throws {
        let search = try search(parameters)
        #expect((search.from, search.to) == (from, to))
    }

    @Test("A window that ends before it begins holds nothing, and nothing is searched")
    func emptyWindow() throws {
        let source = FakeSource()
        source.found = []
        let response = get("/api/traces?start=3&end=2", source)
        #expect(try json(response) == json(#"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#))
        #expect(source.searches == [])
    }

    @Test("A limit beyond the greatest is lowered to it, and said when it matters")
    func limits() throws {
        #expect(try search("limit=7").limit == 7)
        #expect(try search("limit=2147483647").limit == 1500)
        var limits = JaegerLimits()
        limits.maximumTraces = 2
        let source = FakeSource()
        source.add([sample(1)])
        let trace = try #require(source.traces[sampleTrace])
        source.found = [trace]
        #expect(try json(get("/api/traces?limit=3", source, limits: limits))["errors"] == .null)
        source.found = [trace, trace, trace]
        let document = try json(get("/api/traces?limit=3", source, limits: limits))
        #expect(document["data"]?.array?.count == 2)
        #expect(try document["errors"] == json(#"[{"msg":"there may be more: at most 2 traces are given at once"}]"#))
        #expect(try json(get("/api/traces?limit=2", source, limits: limits))["errors"] == .null)
    }

    @Test(
        "Durations are Go's",
        arguments: [
            ("1ns", 1), ("2us", 2000), ("2%C2%B5s", 2000), ("2%CE%BCs", 2000), ("3ms", 3_000_000),
            ("4s", 4_000_000_000), ("5m", 300_000_000_000), ("6h", 21_600_000_000_000),
            ("1h15m30.918273645s", 4_530_918_273_645), (".5s", 500_000_000), ("1.s", 1_000_000_000),
            ("%2B5s", 5_000_000_000), ("0.3333333333333333333h", 1_199_999_998_800),
            ("18446744073709551615ns", UInt64.max),
        ])
    func durations(text: String, nanoseconds: UInt64) throws {
        #expect(try query("minDuration=\(text)") == "duration >= \(nanoseconds)ns")
    }

    @Test(
        "What is no duration is refused",
        arguments: [
            "1", "s", "-1s", "1d", "1w", "1.2.3s", ".s", "1 s", "x", "1s2", "5124096h", "18446744073709551616ns",
            "18446744073709551615ns1ns",
        ])
    func badDurations(duration: String) throws {
        let target = "/api/traces?minDuration=\(duration.replacing(" ", with: "%20"))"
        #expect(
            try refusal(target)
                == "unable to parse param 'minDuration': '\(duration)' is not a duration such as 1.5s, 100ms or 1h30m")
    }

    @Test(
        "Each wrong parameter is refused with its name",
        arguments: [
            ("start=x", "unable to parse param 'start': 'x' is not a whole number of microseconds"),
            ("end=1.5", "unable to parse param 'end': '1.5' is not a whole number of microseconds"),
            ("limit=ten", "unable to parse param 'limit': 'ten' is not a whole number of 1 or more"),
            ("limit=0", "unable to parse param 'limit': '0' is not a whole number of 1 or more"),
            ("limit=2147483648", "unable to parse param 'limit': '2147483648' is not a whole number of 1 or more"),
            (
                "maxDuration=1",
                "unable to parse param 'maxDuration': '1' is not a duration such as 1.5s, 100ms or 1h30m"
            ),
            ("lookback=soon", "unable to parse param 'lookback': 'soon' is not a duration such as 1h, 2d or 'custom'"),
            ("minDuration=2s&maxDuration=1s", "'maxDuration' should be greater than 'minDuration'"),
            ("raw=maybe", "unable to parse param 'raw': 'maybe' is neither true nor false"),
            ("tag=novalue", "malformed 'tag' parameter, expected key:value, received 'novalue'"),
            ("tag=:v", "malformed tags: a key is empty"),
            ("tags=a", "malformed 'tags' parameter, not JSON: line 1, column 1 (byte 0): found 'a', expected a value"),
            ("tags=[]", "malformed 'tags' parameter, expected a JSON object of texts"),
            (#"tags={"a":[]}"#, "malformed 'tags' parameter, the value of 'a' is no text"),
            (#"tags={"a":null}"#, "malformed 'tags' parameter, the value of 'a' is no text"),
            ("traceID=zz", "cannot parse traceID param: 'zz' is not 1 to 32 hexadecimal digits"),
            ("traceID=", "cannot parse traceID param: '' is not 1 to 32 hexadecimal digits"),
        ])
    func refusals(parameters: String, message: String) throws {
        #expect(try refusal("/api/traces?\(parameters)") == message)
    }

    @Test("Parameters, tags, ids and the query's length are bounded")
    func bounds() throws {
        func repeated(_ count: Int, _ text: (Int) -> String) -> String {
            "/api/traces?" + (1...count).map(text).joined(separator: "&")
        }
        #expect(get(repeated(50) { "tag=k\($0):v" }).status == 200)
        #expect(try refusal(repeated(51) { "tag=k\($0):v" }) == "there are more than 50 tags; ask for fewer")
        #expect(get(repeated(100) { "traceID=\($0)" }).status == 200)
        #expect(try refusal(repeated(101) { "traceID=\($0)" }) == "there are more than 100 values of 'traceID'")
        #expect(
            try refusal(repeated(257) { "p\($0)=1" }) == "there are more than 256 parameters; ask for less at once")
        let name = String(repeating: "n", count: 16 << 10)
        #expect(
            try refusal("/api/traces?service=\(name)")
                == "service, operation and tags make a query of more than 16384 bytes")
        let shown = String(repeating: "n", count: 77)
        #expect(
            try refusal("/api/traces?start=\(name)")
                == "unable to parse param 'start': '\(shown)...' is not a whole number of microseconds")
    }
}
