import Glibc
import HTTP
import Querying
import Testing
import TraceModel
import WireFormat

@Suite("docs/openapi.yaml describes what the service does")
struct OpenAPITests {
    /// The lines of the description, found from this file's own place.
    private static func lines() throws -> [String] {
        var path = #filePath.split(separator: "/").dropLast(3).map(String.init)
        path += ["docs", "openapi.yaml"]
        let file = try #require(fopen("/" + path.joined(separator: "/"), "r"), "docs/openapi.yaml cannot be opened")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func get(_ path: String, _ source: MemorySource = MemorySource()) -> String {
        let parts = path.split(separator: "?", maxSplits: 1)
        let response = QueryService(source: source).respond(
            to: RequestHead(method: "GET", path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : ""))
        return String(decoding: response.body, as: UTF8.self)
    }

    /// Every quoted word that a colon follows.
    private static func keys(of json: String) -> Set<String> {
        let pieces = json.split(separator: "\"", omittingEmptySubsequences: false)
        var keys: Set<String> = []
        for (key, next) in zip(pieces, pieces.dropFirst()) where next.hasPrefix(":") { keys.insert(String(key)) }
        return keys
    }

    @Test("Each path of version 1 that is described is answered, and there are no others")
    func paths() throws {
        let described = try Self.lines().filter { $0.hasPrefix("  /api/v1/") }.map {
            String($0.dropFirst(2).dropLast())
        }
        #expect(
            described == [
                "/api/v1/traces/{id}", "/api/v1/traces/{id}/overview", "/api/v1/traces/{id}/rows",
                "/api/v1/traces/{id}/spans/{span}", "/api/v1/traces/{id}/find", "/api/v1/traces/{id}/flame",
                "/api/v1/traces/{id}/operations", "/api/v1/traces/{id}/events", "/api/v1/services", "/api/v1/search",
                "/api/v1/tail", "/api/v1/attributes", "/api/v1/attributes/{key}", "/api/v1/red", "/api/v1/graph",
                "/api/v1/graph/diff", "/api/v1/compare", "/api/v1/recent", "/api/v1/ledger", "/api/v1/explain/{id}",
            ])
        // Who holds the connections answers for tails: IntegrationTests/test_tail.py.
        for path in described where path != "/api/v1/tail" {
            let target = path.split(separator: "/").map { $0.hasPrefix("{") ? "/\(sampleID)" : "/\($0)" }.joined()
            let answered = Self.get(target)
            #expect(!answered.contains("unknown_path"), "\(path)")
        }
    }

    @Test("Each field and each error code that is sent is described")
    func fields() throws {
        let source = MemorySource()
        source.usage = [ServiceUsage(name: "s", spans: 1, lastSeen: 1)]
        source.add(
            sampleID,
            message(service: "s") { writer in
                writer.span(1, "n", 10, 20)
                writer.span(1, "n", 10, 20)
                writer.span(1, "other", 10, 15)
                writer.span(2, under: 3, "n", 10, 20) { writer in
                    writer.message(11) { $0.string(2, "event") }
                    writer.message(13) { writer in
                        writer.bytes(1, sampleID.bytes)
                        writer.bytes(2, SpanID(value: 1).bytes)
                    }
                    writer.varint(10, 1)
                    writer.varint(12, 1)
                    writer.varint(14, 1)
                }
            })
        var sent = Self.keys(of: Self.get("/api/v1/traces/\(sampleID)", source))
        for part in ["overview", "rows", "find", "flame", "operations", "events", "spans/0000000000000002"] {
            // OTLP's own names are described elsewhere.
            let own = Self.get("/api/v1/traces/\(sampleID)/\(part)", source).split(separator: #""otlp":"#).first ?? ""
            sent.formUnion(Self.keys(of: String(own)))
        }
        sent.formUnion(Self.keys(of: Self.get("/api/v1/services", source)))
        sent.formUnion(Self.keys(of: Self.get("/api/v1/recent", source)))
        source.summary = FiguresJSONTests.summary()
        sent.formUnion(Self.keys(of: Self.get("/api/v1/graph", source)))
        sent.formUnion(Self.keys(of: Self.get("/api/v1/graph?trace=\(sampleID)", source)))
        sent.formUnion(
            Self.keys(of: Self.get("/api/v1/graph/diff?from=2026-11-27T17:00:00Z&to=2026-11-27T17:10:00Z", source)))
        sent.formUnion(Self.keys(of: Self.get("/api/v1/nothing")))
        CompareSample.fill(source)
        for query in ["a=\(CompareSample.slow)&b=\(CompareSample.fast)", "a=tenant+%3D+1&b=tenant+%3D+2"] {
            let head = RequestHead(method: "GET", path: "/api/v1/compare", query: query)
            let response = QueryService(source: source).respond(to: head)
            sent.formUnion(Self.keys(of: String(decoding: response.body, as: UTF8.self)))
        }
        #expect(sent.isSuperset(of: ["ownDeltaNs", "rowCount", "shareA", "extraNs", "shared", "unreadable"]))
        LedgerSample.fill(source)
        sent.formUnion(Self.keys(of: Self.get("/api/v1/ledger", source)))
        sent.formUnion(Self.keys(of: Self.get("/api/v1/explain/\(sampleID)", source)))
        #expect(
            sent.isSuperset(of: [
                "variants", "variantCount", "copies", "droppedAttributes", "droppedEvents", "droppedLinks", "slowest",
                "hint", "span_ids", "latency_rank", "changes", "complete", "beforeIsEmpty", "last_sequence", "damaged",
                "sender", "sequence", "records",
            ]))
        let described = Set(
            try Self.lines().compactMap { line in
                line.split(separator: ":", maxSplits: 1).first.map { String($0.drop { $0 == " " }) }
            })
        #expect(sent.subtracting(described) == [])

        let text = try Self.lines().joined()
        for path in ["traces/zz", "nothing", "traces/\(sampleID)", "explain/zz"] {
            let code = Self.get("/api/v1/\(path)").split(separator: "\"")[5]
            #expect(text.contains(code), "\(code)")
        }
    }
}
