import OTLP
import QueryLanguage
import Querying
import SegmentStore
import SelfTelemetry
import Summaries
import TraceModel
import TraceSearch
import WireFormat

/// Keeps messages in memory, as a store would on disk.
final class MemorySource: TraceSource {
    struct Failure: Error, CustomStringConvertible { let description: String }

    var traces: [TraceID: [UInt8]] = [:]
    var recent: [TraceID] = []
    var usage: [ServiceUsage] = []
    var failure: Failure?
    fileprivate(set) var reads = 0

    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)? {
        reads += 1
        if let failure { throw failure }
        guard let message = traces[id] else { return nil }
        // As a store does: ends at the first border between parts that lies at or behind `maxBytes`.
        var end = 0
        while end < message.count, end < maxBytes { end = Self.partEnd(in: message, from: end) }
        return (Array(message[..<end]), end < message.count)
    }

    /// Where the ResourceSpans ends that begins at `start`; the end of all when none does.
    private static func partEnd(in message: [UInt8], from start: Int) -> Int {
        var length = 0
        var index = start + 1
        for shift in stride(from: 0, to: 28, by: 7) where index < message.count {
            let byte = message[index]
            index += 1
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return min(message.count, index + length) }
        }
        return message.count
    }

    /// One place for each trace, which is the same as long as its message is.
    func frames() -> any TraceFrames { MemoryFrames(source: self) }

    private struct MemoryFrames: TraceFrames {
        let source: MemorySource

        func places(of id: TraceID) -> [FramePlace] {
            source.traces[id].map { [FramePlace(log: id.low, frame: UInt32($0.count))] } ?? []
        }

        func forEachRequest(at place: FramePlace, _ body: (UnsafeRawBufferPointer, UInt64) -> Void) throws {
            source.reads += 1
            if let failure = source.failure { throw failure }
            for (id, message) in source.traces where id.low == place.log {
                message.withUnsafeBytes { body($0, source.storedAt) }
            }
        }
    }
    var storedAt: UInt64 = 1_700_000_000_000_000_000

    func search(_ request: SearchRequest) throws -> SearchPage {
        searches.append(request)
        if let failure { throw failure }
        return pages[request.expression.description] ?? page
    }
    func attributes() throws -> AttributeCatalogue { AttributeCatalogue() }
    var summary = Summary()
    var asOf: UInt64 = 1_700_000_000_000_000_000
    private(set) var filters: [(filter: SummaryFilter, fresh: Bool)] = []
    /// More minutes than this are too many.
    var maximumMinutes: UInt64?
    func figures(_ filter: SummaryFilter, fresh: Bool) throws -> (summary: Summary, asOf: UInt64) {
        if let failure { throw failure }
        filters.append((filter, fresh))
        if let maximumMinutes, let from = filter.from, let to = filter.to, (to - from) / 60_000_000_000 > maximumMinutes
        {
            throw SummaryError.tooManyRows(limit: 1)
        }
        return (summary, asOf)
    }
    func serviceUsage() -> [ServiceUsage] { usage }
    func recentTraces(limit: Int) -> [TraceID] { Array(recent.prefix(limit)) }

    var figures = LedgerFigures()
    var refusals: [RefusalRing.Refusal] = []
    var stored: [TraceID: [StoredPlace]] = [:]
    var foundSpan = SpanSearch()
    var page = SearchPage()
    /// For queries that are answered by something else.
    var pages: [String: SearchPage] = [:]
    private(set) var searches: [SearchRequest] = []
    var oldest: UInt64?

    func ledger() -> LedgerFigures { figures }
    func newestRefusals() -> [RefusalRing.Refusal] { refusals }
    func places(of id: TraceID, limit: Int) throws -> (places: [StoredPlace], spans: Int) {
        if let failure { throw failure }
        let places = stored[id] ?? []
        return (Array(places.prefix(limit)), places.reduce(0) { $0 + $1.spans })
    }
    func find(_ id: SpanID, maxBytes: Int) throws -> SpanSearch { foundSpan }
    func deletedSpans() -> UInt64 { figures.deleted.spans }
    func oldestArrival() -> UInt64? { oldest }

    func add(_ id: TraceID, _ message: [UInt8]) {
        traces[id] = message
        recent.insert(id, at: 0)
    }
}

let sampleID = TraceID(high: 0x4BF9_2F35_77B3_4DA6, low: 0xA3CE_929D_0E0E_4736)

/// A request with the spans that `body` writes, all of one service. `unknown` is a field that nobody knows.
func message(service: String, _ spans: (inout ProtobufWriter) -> Void) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.message(1) { writer in
        writer.message(1) { writer in
            writer.message(1) { writer in
                writer.string(1, "service.name")
                writer.message(2) { $0.string(1, service) }
            }
        }
        writer.message(2) { writer in
            writer.message(1) { writer in
                writer.string(1, "scope")
                writer.string(2, "1.0")
            }
            spans(&writer)
        }
    }
    return writer.bytes
}

extension ProtobufWriter {
    mutating func span(
        _ id: UInt64, under parent: UInt64? = nil, of trace: TraceID = sampleID, _ name: String, _ start: UInt64,
        _ end: UInt64, more: (inout ProtobufWriter) -> Void = { _ in }
    ) {
        message(2) { writer in
            writer.bytes(1, trace.bytes)
            writer.bytes(2, SpanID(value: id).bytes)
            if let parent { writer.bytes(4, SpanID(value: parent).bytes) }
            writer.string(5, name)
            writer.varint(6, 2)
            writer.fixed64(7, start)
            writer.fixed64(8, end)
            more(&writer)
        }
    }
}
