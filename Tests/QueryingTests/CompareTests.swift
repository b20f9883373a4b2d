import HTTP
import JSON
import Querying
import Testing
import TraceModel
import TraceSearch

@Suite("GET /api/v1/compare")
struct CompareTests {
    private func get(
        _ query: String, _ source: MemorySource, limits: QueryLimits = QueryLimits()
    ) throws -> (status: Int, json: JSONValue) {
        let head = RequestHead(method: "GET", path: "/api/v1/compare", query: query)
        let response = QueryService(source: source, limits: limits).respond(to: head)
        return (response.status, try JSONParser.parse(response.body))
    }

    private func filled() -> MemorySource {
        let source = MemorySource()
        CompareSample.fill(source)
        return source
    }

    @Test("Two ids are two traces, row by row, with the row that explains the difference")
    func traces() throws {
        let (status, json) = try get("a=\(CompareSample.slow)&b=\(CompareSample.fast)", filled())
        #expect(status == 200)
        #expect(json["kind"]?.string == "traces")
        #expect(json["a"]?["traceId"]?.string == "\(CompareSample.slow)")
        #expect(json["a"]?["durationNs"]?.int == 900_000_000)
        #expect(json["b"]?["spanCount"]?.int == 2)
        let rows = try #require(json["rows"]?.array)
        #expect(rows.map { $0["name"]?.string } == ["GET /pay/{id}", "charge"])
        #expect(rows.map { $0["depth"]?.int } == [0, 1])
        #expect(rows.map { $0["change"]?.string } == ["slower", "slower"])
        #expect(rows.map { $0["deltaNs"]?.int } == [810_000_000, 810_000_000])
        #expect(rows.map { $0["ownDeltaNs"]?.int } == [0, 810_000_000])
        #expect(rows[1]["a"]?["criticalNs"]?.int == 880_000_000)
        #expect(rows[1]["a"]?["index"]?.int == 1)
        #expect(rows[1]["b"]?["spanId"]?.string == "0000000000000002")
        #expect(json["verdict"]?["row"]?.int == 1)
        #expect(
            json["verdict"]?["text"]?.string
                == "A took 810 ms longer than B: pay · charge explains 810 ms, all of it (880 ms of its own in A, 70 ms in B)."
        )
        #expect(json["truncated"]?.bool == false)
    }

    @Test("Rows beyond the limit are left out and told")
    func limit() throws {
        let (_, json) = try get("a=\(CompareSample.slow)&b=\(CompareSample.fast)&limit=1", filled())
        #expect(json["rows"]?.array?.count == 1)
        #expect(json["rowCount"]?.int == 2)
        #expect(json["truncated"]?.bool == true)
        #expect(json["rows"]?[0]?["name"]?.string == "charge")
        #expect(json["verdict"]?["row"]?.int == 0)
    }

    @Test("Two queries are two populations, and the cause comes with a query and examples")
    func populations() throws {
        let source = filled()
        let (status, json) = try get("a=tenant+%3D+1&b=tenant+%3D+2&from=1000&to=now&limit=100", source)
        #expect(status == 200)
        #expect(json["kind"]?.string == "populations")
        #expect(json["a"]?["query"]?.string == CompareSample.slowQuery)
        #expect(json["a"]?["traces"]?.int == 12)
        #expect(json["a"]?["failed"]?.int == 1)
        #expect(json["a"]?["complete"]?.bool == true)
        #expect(json["a"]?["p50Ns"]?.int == 905_000_000)
        // One that a has as well is left out, and so is one that has gone.
        #expect(json["b"]?["traces"]?.int == 15)
        #expect(json["b"]?["shared"]?.int == 1)
        #expect(json["b"]?["unreadable"]?.int == 1)
        let cause = try #require(json["causes"]?[0])
        #expect(cause["kind"]?.string == "attribute")
        #expect(cause["what"]?.string == "tenant = 1")
        #expect(cause["where"]?.string == "pay · charge")
        #expect(cause["shareA"]?.double == 1)
        #expect(cause["shareB"]?.double == 0)
        #expect(cause["query"]?.string == "service = \"pay\" and name = \"charge\" and tenant = 1")
        #expect(cause["examples"]?.array?.count == 3)
        #expect(json["verdict"]?["row"]?.int == 0)
        #expect(source.searches.map(\.started.lowerBound) == [1_000_000_000_000, 1_000_000_000_000])
        #expect(source.searches.map(\.limit) == [100, 112])
    }

    @Test("What a bound ends is told, and what was found until then is compared")
    func bounds() throws {
        let source = filled()
        source.pages[CompareSample.slowQuery]?.isComplete = false
        source.pages[CompareSample.slowQuery]?.stopped = .time
        var limits = QueryLimits()
        let (_, json) = try get("a=tenant+%3D+1&b=tenant+%3D+2", source, limits: limits)
        #expect(json["a"]?["complete"]?.bool == false)
        #expect(json["a"]?["stoppedBy"]?.string == "time")
        #expect(json["a"]?["traces"]?.int == 12)
        limits.maximumComparedBytes = 1600
        let (_, small) = try get("a=tenant+%3D+1&b=tenant+%3D+2", source, limits: limits)
        #expect(small["b"]?["complete"]?.bool == false)
        #expect(small["b"]?["stoppedBy"]?.string == "bytes")
        #expect(try #require(small["b"]?["traces"]?.int) < 15)
    }

    @Test("A population stops at the limit and says that there are more")
    func populationLimit() throws {
        let source = filled()
        source.pages[CompareSample.slowQuery]?.isTruncated = true
        let (_, json) = try get("a=tenant+%3D+1&b=tenant+%3D+2&limit=5", source)
        #expect(json["a"]?["traces"]?.int == 5)
        #expect(json["a"]?["truncated"]?.bool == true)
        #expect(json["a"]?["complete"]?.bool == true)
    }

    @Test(
        "What cannot be compared is refused with a reason",
        arguments: [
            ("a=tenant+%3D+1", 400, "'b' is missing"), ("", 400, "'a' is missing"),
            ("a=00000000000000050000000000000001&b=tenant+%3D+2", 400, "'a' is a trace id and 'b' is a query"),
            ("a=tenant&b=tenant+%3D+2", 400, "column"),
            ("a=tenant+%3D+1&b=tenant+%3D+2&limit=501", 400, "'limit' is '501'"),
            ("a=tenant+%3D+1&b=tenant+%3D+2&from=2000&to=1000", 400, "'from' lies behind 'to'"),
            ("a=00000000000000050000000000000001&b=00000000000000050000000000009999", 404, "no span of trace"),
        ])
    func refused(query: String, status: Int, message: String) throws {
        let answer = try get(query, filled())
        #expect(answer.status == status)
        #expect(answer.json["error"]?["message"]?.string?.contains(message) == true, "\(answer.json)")
    }

    @Test("A store that fails is told")
    func failure() throws {
        let source = filled()
        source.failure = MemorySource.Failure(description: "disk on fire")
        #expect(try get("a=tenant+%3D+1&b=tenant+%3D+2", source).status == 500)
    }
}
