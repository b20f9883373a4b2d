import HTTP
import JSON
import JaegerAPI
import OTLP
import Testing
import TraceAssembly
import TraceModel

/// Requests as Grafana's Jaeger data source sends them, with what it reads out of the answers.
@Suite("Grafana's Jaeger data source is answered")
struct GrafanaRequestTests {
    private let source: FakeSource

    init() {
        source = FakeSource()
        source.services = ["shop/web", "pay"]
        source.operations["shop/web"] = [("GET /pay", .server)]
        source.edges = [("shop/web", "pay", 3)]
        var charge = sample(2, under: 1, 1100, 1900, service: "pay", name: "charge")
        charge.status = SpanStatus(.error)
        source.add([sample(1, service: "shop/web", name: "GET /pay"), charge])
        source.found = Array(source.traces.values)
    }

    @Test("Save & test asks for the services and wants at least one")
    func health() throws {
        let response = get("/api/services", source)
        #expect(response.status == 200)
        #expect(try json(response)["data"]?.array?.compactMap(\.string) == ["pay", "shop/web"])
    }

    @Test("The operations of a chosen service", arguments: ["shop%2Fweb", "shop/web", "shop%252Fweb"])
    func operations(service: String) throws {
        let document = try json(get("/api/services/\(service)/operations", source))
        #expect(document["data"]?.array?.compactMap(\.string) == ["GET /pay"])
    }

    @Test("A search from the form: logfmt tags have become JSON, times are microseconds")
    func search() throws {
        let response = get(
            "/api/traces?limit=20&maxDuration=5s&minDuration=1.2ms&operation=GET+%2Fpay&service=shop%2Fweb"
                + "&tags=%7B%22error%22%3A%22true%22%2C%22http.status_code%22%3A%22500%22%7D"
                + "&start=1699996400000000&end=1700000000000000&lookback=custom", source)
        #expect(response.status == 200)
        #expect(
            source.searches == [
                FakeSource.Search(
                    query: #"service = "shop/web" and name = "GET /pay" and duration >= 1200000ns "#
                        + #"and duration <= 5000000000ns and (status = error or "error" = "true") "#
                        + #"and "http.status_code" = "500""#,
                    from: 1_699_996_400_000_000_000, to: 1_700_000_000_000_000_000, limit: 20)
            ])
        // The table shows id, name, start and duration of each trace, taken from its spans.
        let trace = try #require(try json(response)["data"]?[0])
        let span = try #require(trace["spans"]?[0])
        #expect(trace["traceID"]?.string == "\(sampleTrace)")
        #expect((span["startTime"]?.int, span["duration"]?.int) == (1000, 1000))
        let process = try #require(span["processID"]?.string)
        #expect(trace["processes"]?[process]?["serviceName"]?.string == "shop/web")
    }

    @Test("A trace by its id, also with time parameters, which are then milliseconds")
    func traceByID() throws {
        let plain = get("/api/traces/\(sampleTrace)", source)
        #expect(plain.status == 200)
        let timed = get("/api/traces/\(sampleTrace)?end=1700000000000&start=1699996400000", source)
        #expect(timed.body == plain.body)
    }

    @Test("The node graph finds each span's parent, service, times and error")
    func nodeGraph() throws {
        let trace = try #require(try json(get("/api/traces/\(sampleTrace)", source))["data"]?[0])
        let spans = try #require(trace["spans"]?.array)
        let nodes = spans.map { span in
            [
                span["spanID"]?.string,
                span["references"]?.array?.first { $0["refType"]?.string == "CHILD_OF" }?["spanID"]?.string,
                span["processID"]?.string.flatMap { trace["processes"]?[$0]?["serviceName"]?.string },
                span["operationName"]?.string,
            ]
        }
        #expect(
            nodes == [
                ["0000000000000001", nil, "shop/web", "GET /pay"],
                ["0000000000000002", "0000000000000001", "pay", "charge"],
            ])
        #expect(
            spans.map { span in
                span["tags"]?.array?.contains { $0["key"]?.string == "error" && $0["value"]?.bool == true }
            } == [false, true])
    }

    @Test("The dependency graph asks for a window of milliseconds")
    func dependencies() throws {
        let document = try json(get("/api/dependencies?endTs=1700000000000&lookback=3600000", source))
        #expect(try document["data"] == json(#"[{"parent":"shop/web","child":"pay","callCount":3}]"#))
        #expect(document["errors"] == .null)
        #expect(source.windows == [[1_699_996_400_000_000_000, 1_700_000_000_000_000_000]])
    }

    @Test("A wrong id is refused with the status that the data source shows")
    func wrongID() {
        #expect(get("/api/traces/not-an-id", source).status == 400)
        #expect(get("/api/traces/1234", source).status == 404)
    }
}
