import Glibc
import HTTP
import JSON
import JaegerAPI
import OTLP
import Testing
import TraceModel

@Suite("docs/openapi.yaml describes Jaeger's paths")
struct OpenAPITests {
    /// The lines of the description, found from this file's own place.
    private static func lines() throws -> [Substring] {
        let path = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/docs/openapi.yaml"
        let file = try #require(fopen(path, "r"), "\(path) cannot be opened")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private func keys(of value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members):
            members.reduce(into: []) { $0.formUnion(keys(of: $1.value).union([$1.key])) }
        case .array(let values): values.reduce(into: []) { $0.formUnion(keys(of: $1)) }
        default: []
        }
    }

    @Test("Each path that is described is answered, and there are no others")
    func paths() throws {
        let described = try Self.lines().filter { $0.hasPrefix("  /api/") && !$0.hasPrefix("  /api/v1/") }
            .map { String($0.dropFirst(2).dropLast()) }
        #expect(
            described == [
                "/api/traces/{id}", "/api/traces", "/api/services", "/api/services/{service}/operations",
                "/api/operations", "/api/dependencies",
            ])
        for path in described {
            let target = path.replacing("{id}", with: "1").replacing("{service}", with: "pay")
            #expect(JaegerService.owns(path: target), "\(path)")
            #expect(!text(get(target)).contains("there is nothing at"), "\(path)")
        }
    }

    @Test("Each parameter that is read is described, and those alone")
    func parameters() throws {
        let lines = try Self.lines()
        let start = try #require(lines.firstIndex(of: "  /api/traces/{id}:"))
        let end = try #require(lines.firstIndex(of: "  responses:"))
        let described = lines[start..<end].compactMap { line -> Substring? in
            let words = line.split(whereSeparator: { " {},:-".contains($0) })
            guard let name = words.firstIndex(of: "name"), name == 0, words.count > 1 else { return nil }
            return words[1]
        }
        #expect(
            Set(described) == [
                "id", "start", "end", "raw", "prettyPrint", "traceID", "service", "operation", "tag", "tags",
                "minDuration", "maxDuration", "lookback", "limit", "spanKind", "endTs",
            ])
    }

    @Test("Each field that is sent is described")
    func fields() throws {
        let source = FakeSource()
        source.services = ["pay"]
        source.operations["pay"] = [("op", .server)]
        source.edges = [("shop", "pay", 1)]
        var span = sample(1, under: 9)
        span.attributes = [Attribute("k", .int(1))]
        span.events = [SpanEvent("e", at: 1)]
        span.flags = 1
        source.add([span])
        var sent: Set<String> = []
        for target in [
            "/api/traces/\(sampleTrace)", "/api/traces?traceID=1", "/api/services", "/api/services/pay/operations",
            "/api/operations?service=pay", "/api/dependencies", "/api/traces/x",
        ] {
            sent.formUnion(keys(of: try json(get(target, source))))
        }
        #expect(sent.isSuperset(of: ["data", "flags", "fields", "refType", "callCount", "spanKind", "msg", "code"]))
        let described = Set(
            try Self.lines().compactMap { $0.split(separator: ":", maxSplits: 1).first.map { $0.drop { $0 == " " } } }
                .map(String.init))
        #expect(sent.subtracting(described) == ["p1"])
    }
}
