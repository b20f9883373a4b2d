import CallGraph
import HTTP
import JSON
import OTLP
import Querying
import Summaries
import Testing
import TraceAssembly
import TraceModel
import TraceSearch
import WireFormat

@Suite("The call graph as JSON")
struct GraphQueryTests {
    private static let begin = FiguresJSONTests.begin

    private static func answer(
        _ source: MemorySource, _ target: String, limits: QueryLimits = QueryLimits()
    ) throws -> (status: Int, json: JSONValue) {
        let parts = target.split(separator: "?", maxSplits: 1)
        let response = QueryService(source: source, limits: limits).respond(
            to: RequestHead(method: "GET", path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : ""))
        return (response.status, try JSONParser.parse(response.body))
    }

    private static func edges(_ json: JSONValue) -> [String] {
        (json["edges"]?.array ?? []).map {
            "\($0["from"]?.string ?? "") \($0["kind"]?.string ?? "") \($0["to"]?.string ?? "") \($0["count"]?.int ?? -1)"
        }
    }

    @Test("The graph has services, what they call, the calls, and their colours")
    func graph() {
        var header = GraphJSON.Header(asOf: Self.begin + 10_000_000_000)
        (header.from, header.to) = (Self.begin, Self.begin + 10_000_000_000)
        let graph = CallGraph(FiguresJSONTests.summary())
        let text = GraphJSON.write(graph, GraphColours(graph), header, limit: 10)
        func figures(_ duration: Int, errors: Int, step: Int) -> String {
            #""rate":0.1,"count":1,"errors":\#(errors),"p50":\#(duration),"p95":\#(duration),"p99":\#(duration),"#
                + #""latency_step":\#(step),"latency_rank":null}"#
        }
        // Of 100 ns shop has 50 for itself, pay 30, and its database 20.
        #expect(
            String(decoding: text, as: UTF8.self)
                == #"{"asOf":"2026-11-27T17:00:10.000Z","from":"2026-11-27T17:00:00.000Z","to":"2026-11-27T17:00:10.000Z","#
                + #""truncated":false,"beyondBounds":0,"relativeError":0.0078125,"colour":{"basis":"share"},"#
                + #""nodes":[{"id":"service:pay","service":"pay","kind":"service",\#(figures(50, errors: 1, step: 3)),"#
                + #"{"id":"service:shop","service":"shop","kind":"service",\#(figures(100, errors: 0, step: 4)),"#
                + #"{"id":"database:postgresql","service":"postgresql","kind":"database",\#(figures(20, errors: 0, step: 2))],"#
                + #""edges":[{"from":"service:pay","to":"database:postgresql","kind":"database",\#(figures(20, errors: 0, step: 2)),"#
                + #"{"from":"service:shop","to":"service:pay","kind":"call",\#(figures(50, errors: 1, step: 3))]}"#)
    }

    @Test("With a limit the busiest are given, and that others are left out is told")
    func limit() throws {
        let source = MemorySource()
        source.summary = FiguresJSONTests.summary()
        let (status, json) = try Self.answer(source, "/api/v1/graph?limit=2")
        #expect(status == 200)
        #expect(json["nodes"]?.array?.compactMap { $0["id"]?.string } == ["service:pay", "service:shop"])
        #expect(Self.edges(json) == ["service:shop call service:pay 1"])
        #expect(json["truncated"]?.bool == true)
        #expect(try Self.answer(source, "/api/v1/graph?limit=100001").status == 400)
    }

    @Test("The hour before is asked for with the time, and is left out where both are too much")
    func history() throws {
        let source = MemorySource()
        source.summary = FiguresJSONTests.summary()
        let target = "/api/v1/graph?from=2026-11-27T17:00:30Z&to=2026-11-27T17:30:00Z&fresh=true"
        #expect(try Self.answer(source, target).status == 200)
        #expect(source.filters.map(\.filter.from) == [Self.begin - 3_600_000_000_000])
        #expect(source.filters.map(\.fresh) == [true])
        source.maximumMinutes = 40
        #expect(try Self.answer(source, target).status == 200)
        #expect(source.filters.last?.filter.from == Self.begin + 30_000_000_000)
        source.maximumMinutes = 10
        #expect(try Self.answer(source, target).status == 422)
    }

    @Test("What took longer than in the hour before has a rank and its colour")
    func ranks() throws {
        let source = MemorySource()
        var builder = SummaryBuilder()
        let shop = builder.symbols.intern("shop")
        for number in 0..<200 as Range<UInt64> {
            let start = Self.begin - (number < 100 ? 1_800_000_000_000 : 0)
            builder.add(
                SpanDigest(
                    trace: TraceID(high: 0, low: number + 1), spanID: 1, parentID: 0, start: start,
                    end: start + (number < 160 ? 100 : 900), service: shop, operation: shop, kind: 2, status: 0,
                    contentHash: 1))
        }
        source.summary = builder.summary()
        source.asOf = Self.begin + 60_000_000_000
        let (_, json) = try Self.answer(source, "/api/v1/graph?from=2026-11-27T17:00:00Z")
        // 40 of 100 are slow: 41 of 120, and 29 beyond the usual twentieth.
        #expect(json["nodes"]?[0]?["latency_step"]?.int == 2)
        #expect(json["nodes"]?[0]?["latency_rank"]?.double == 41.0 / 120)
        #expect(json["nodes"]?[0]?["count"]?.int == 100)
        #expect(json["nodes"]?[0]?["rate"]?.double == 100.0 / 60)
        #expect(json["colour"]?["basis"]?.string == "history")
        #expect(json["colour"]?["from"]?.string == "2026-11-27T16:00:00.000Z")
        #expect(json["colour"]?["to"]?.string == "2026-11-27T17:00:00.000Z")
    }

    private static let other = TraceID(high: 3, low: 4)

    /// shop → pay, whose span links to one of mail in another trace.
    private static func linkedTraces() -> MemorySource {
        let source = MemorySource()
        source.add(
            other, message(service: "mail") { $0.span(9, of: other, "send", 500, 600) })
        source.add(
            sampleID,
            message(service: "shop") { $0.span(1, "GET", 1_000, 2_000) }
                + message(service: "pay") { writer in
                    writer.span(2, under: 1, "charge", 1_100, 1_900) { writer in
                        writer.message(13) { writer in
                            writer.bytes(1, other.bytes)
                            writer.bytes(2, SpanID(value: 9).bytes)
                        }
                    }
                })
        return source
    }

    @Test("Of one trace, with links to others")
    func oneTrace() throws {
        let (status, json) = try Self.answer(Self.linkedTraces(), "/api/v1/graph?trace=\(sampleID)")
        #expect(status == 200)
        #expect(Self.edges(json) == ["service:mail link service:pay 1", "service:shop call service:pay 1"])
        #expect(json["nodes"]?.array?.map { $0["latency_step"]?.int } == [0, 4, 2])
        #expect(json["traces"]?.int == 1)
        #expect(json["complete"]?.bool == true)
        #expect(json["colour"]?["basis"]?.string == "share")
        #expect(try Self.answer(Self.linkedTraces(), "/api/v1/graph?trace=00000000000000ff").status == 404)
        #expect(try Self.answer(Self.linkedTraces(), "/api/v1/graph?trace=zz").status == 400)
        #expect(try Self.answer(Self.linkedTraces(), "/api/v1/graph?trace=\(sampleID)&q=x").status == 400)
    }

    @Test("Links are followed as far as the limits go, and how many were not is told")
    func linkLimits() throws {
        var limits = QueryLimits()
        limits.maximumLinkedTraces = 0
        let (_, json) = try Self.answer(Self.linkedTraces(), "/api/v1/graph?trace=\(sampleID)", limits: limits)
        #expect(Self.edges(json) == ["service:shop call service:pay 1"])
        #expect(json["unfollowedLinks"]?.int == 1)
    }

    private static func page(_ ids: [TraceID]) -> SearchPage {
        var page = SearchPage()
        page.traces = ids.map { FoundTrace(key: TraceKey(start: 1, id: $0), summary: TraceSummary(traceID: $0)) }
        return page
    }

    @Test("Of the traces that a query finds")
    func query() throws {
        let source = Self.linkedTraces()
        source.page = Self.page([sampleID, Self.other])
        let (status, json) = try Self.answer(
            source, "/api/v1/graph?q=duration%20%3E%201s&traces=2&limit=50000&from=now-1h")
        #expect(status == 200)
        #expect(json["traces"]?.int == 2)
        #expect(json["complete"]?.bool == true)
        #expect(
            json["nodes"]?.array?.compactMap { $0["id"]?.string } == ["service:mail", "service:pay", "service:shop"])
        #expect(json["nodes"]?[0]?["count"]?.int == 1)
        #expect(source.searches.map(\.limit) == [2])
        #expect(try Self.answer(source, "/api/v1/graph?q=duration%20%3E").status == 400)
        #expect(try Self.answer(source, "/api/v1/graph?q=&traces=0").status == 400)
    }

    @Test("A graph is complete only if every trace that was found is in it, whole")
    func incomplete() throws {
        let source = Self.linkedTraces()
        source.page = Self.page([sampleID, Self.other])
        func isComplete(_ limits: QueryLimits = QueryLimits()) throws -> (Bool?, Int?) {
            let json = try Self.answer(source, "/api/v1/graph?q=", limits: limits).json
            return (json["complete"]?.bool, json["traces"]?.int)
        }
        #expect(try isComplete() == (true, 2))
        var limits = QueryLimits()
        limits.maximumGraphBytes = 1
        #expect(try isComplete(limits) == (false, 1))
        source.page.isTruncated = true
        #expect(try isComplete() == (false, 2))
        source.page = Self.page([sampleID])
        source.page.isComplete = false
        #expect(try isComplete() == (false, 1))
        source.page = Self.page([TraceID(high: 5, low: 5), sampleID])
        #expect(try isComplete() == (false, 1))
    }

    @Test("A comparison takes whole minutes, and by default the time right before")
    func windows() throws {
        let source = MemorySource()
        source.summary = FiguresJSONTests.summary()
        let minute: UInt64 = 60_000_000_000
        source.asOf = Self.begin + 30 * minute
        func bounds() -> [UInt64?] { source.filters.flatMap { [$0.filter.from, $0.filter.to] } }
        let target = "/api/v1/graph/diff?from=2026-11-27T17:00:30Z&to=2026-11-27T17:10:01Z"
        let (status, json) = try Self.answer(source, target)
        #expect(status == 200)
        #expect(bounds() == [Self.begin, Self.begin + 11 * minute, Self.begin - 11 * minute, Self.begin])
        #expect(json["beforeFrom"]?.string == "2026-11-27T16:49:00.000Z")
        #expect(json["beforeTo"]?.string == "2026-11-27T17:00:00.000Z")
        #expect(json["beforeIsEmpty"]?.bool == true)
        // One call in eleven minutes is no news.
        #expect(
            Self.changes(json) == [
                "service:pay same [] -/1", "service:shop same [] -/1", "database:postgresql same [] -/1",
            ])
        _ = try Self.answer(
            source, target + "&beforeFrom=2026-11-26T17:00:00Z&beforeTo=2026-11-26T18:00:59Z&fresh=true")
        let day = 1_440 * minute
        #expect(bounds().suffix(2) == [Self.begin - day, Self.begin - day + 60 * minute])
        #expect(source.filters.map(\.fresh) == [false, false, true, true])
        for wrong in [
            "from=2026-11-27T17:00:00Z&to=2026-11-27T17:00:00Z", "beforeFrom=now", "from=now%2B1h", "from=never",
        ] {
            #expect(try Self.answer(source, "/api/v1/graph/diff?\(wrong)").status == 400, "\(wrong)")
        }
    }

    private static func changes(_ json: JSONValue) -> [String] {
        (json["nodes"]?.array ?? []).map { item in
            let changes = item["changes"]?.array?.compactMap(\.string) ?? []
            func count(_ name: String) -> String { item[name]?["count"]?.int.map { "\($0)" } ?? "-" }
            return
                "\(item["id"]?.string ?? "") \(item["change"]?.string ?? "") \(changes) \(count("before"))/\(count("after"))"
        }
    }

    @Test("What changed comes first, with the figures of both times")
    func changes() throws {
        let source = MemorySource()
        var builder = SummaryBuilder()
        let hour: UInt64 = 3_600_000_000_000
        for number in 0..<300 as Range<UInt64> {
            let isAfter = number % 2 == 1
            let name = isAfter ? "new" : number < 200 ? "old" : "stays"
            for (place, name) in [name, "stays"].enumerated() {
                let service = builder.symbols.intern(name)
                let start = Self.begin - (isAfter ? 0 : hour)
                builder.add(
                    SpanDigest(
                        trace: TraceID(high: 0, low: number * 2 + UInt64(place) + 1), spanID: 1, parentID: 0,
                        start: start,
                        end: start + 100, service: service, operation: service, kind: 2, status: 0, contentHash: 1))
            }
        }
        source.summary = builder.summary()
        source.asOf = Self.begin + hour
        let (_, json) = try Self.answer(
            source, "/api/v1/graph/diff?from=2026-11-27T17:00:00Z&to=2026-11-27T18:00:00Z")
        #expect(
            Self.changes(json) == [
                #"service:old gone ["gone"] 100/-"#, #"service:new new ["new"] -/150"#, "service:stays same [] 200/150",
            ])
        #expect(json["nodes"]?[0]?["before"]?["rate"]?.double == 100.0 / 3600)
        #expect(json["beforeIsEmpty"]?.bool == false)
    }
}
