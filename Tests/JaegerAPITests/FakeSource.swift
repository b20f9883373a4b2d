import HTTP
import JSON
import JaegerAPI
import OTLP
import Testing
import TraceAssembly
import TraceModel

/// Answers with what a test puts in, and remembers what it was asked.
final class FakeSource: JaegerSource {
    struct Search: Equatable {
        var query: String
        var from: UInt64
        var to: UInt64
        var limit: Int
    }
    struct Failure: Error, CustomStringConvertible { let description: String }

    var traces: [TraceID: AssembledTrace] = [:]
    var found: [AssembledTrace] = []
    var services: [String] = []
    var operations: [String: [(name: String, kind: SpanKind)]] = [:]
    var edges: [(parent: String, child: String, calls: UInt64)] = []
    var failure: Failure?
    private(set) var searches: [Search] = []
    private(set) var windows: [[UInt64]] = []

    func jaegerTrace(_ id: TraceID) throws -> AssembledTrace? {
        if let failure { throw failure }
        return traces[id]
    }

    func jaegerSearch(_ query: String, from: UInt64, to: UInt64, limit: Int) throws -> [AssembledTrace] {
        searches.append(Search(query: query, from: from, to: to, limit: limit))
        if let failure { throw failure }
        return found
    }

    func jaegerServices() -> [String] { services }

    func jaegerOperations(of service: String, kind: SpanKind?) -> [(name: String, kind: SpanKind)] {
        (operations[service] ?? []).filter { kind == nil || $0.kind == kind }
    }

    func jaegerDependencies(from: UInt64, to: UInt64) -> [(parent: String, child: String, calls: UInt64)] {
        windows.append([from, to])
        return edges
    }

    func add(_ spans: [SpanValue]) {
        traces[spans[0].traceID] = assemble(spans, as: spans[0].traceID)
    }
}

/// 2023-11-14T22:13:20Z.
let sampleNow: UInt64 = 1_700_000_000_000_000_000
let sampleTrace = TraceID(high: 0x83A9_EFD1_5C1C_98A9, low: 0x77E0_711C_C93E_E28B)

func get(
    _ target: String, _ source: FakeSource = FakeSource(), method: String = "GET", limits: JaegerLimits = JaegerLimits()
) -> HTTPResponse {
    let parts = target.split(separator: "?", maxSplits: 1)
    let head = RequestHead(method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "")
    return JaegerService(source: source, limits: limits, now: { sampleNow }).respond(to: head)
}

func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

/// The body as a tree, so that documents in tests can be laid out for readers. Order of members counts.
func json(_ response: HTTPResponse) throws -> JSONValue { try JSONParser.parse(response.body) }
func json(_ text: String) throws -> JSONValue { try JSONParser.parse(text) }

/// A span of the sample trace, ids given as small numbers and times in microseconds.
func sample(
    _ id: UInt64, under parent: UInt64? = nil, _ start: UInt64 = 1000, _ end: UInt64 = 2000, service: String = "pay",
    name: String = "op"
) -> SpanValue {
    SpanValue(
        traceID: sampleTrace, spanID: SpanID(value: id), parentSpanID: parent.map { SpanID(value: $0) }, name: name,
        startUnixNano: start * 1000, endUnixNano: end * 1000,
        resource: ResourceValue([Attribute("service.name", .string(service))]))
}
