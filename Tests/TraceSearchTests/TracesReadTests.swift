import OTLP
import QueryLanguage
import SegmentStore
import StorageTesting
import Testing
import TraceModel
import TraceSearch

@Suite("Traces that a search reads")
struct TracesReadTests {
    /// A hundred traces of a root, a child of it and a grandchild; each in one request, or their spans a request each.
    static func store(_ directory: TemporaryDirectory, apart: Bool, orphan: Int? = nil) throws -> SegmentStore {
        var options = StoreOptions()
        options.sync = false
        options.frameBytes = 2 << 10
        let store = try SegmentStore.open(directory: directory.path, options: options)
        var requests: [[SpanValue]] = []
        for number in 0..<100 {
            let id = TraceID(high: 7, low: UInt64(number) + 1)
            let start = 1_700_000_000_000_000_000 + UInt64(number) * 1_000_000
            let spans = (0..<3).map { place in
                var span = SpanValue(
                    traceID: id, spanID: SpanID(value: UInt64(place) + 1), name: "step \(place)",
                    startUnixNano: start + UInt64(place), endUnixNano: start + 1_000)
                if place > 0 { span.parentSpanID = SpanID(value: UInt64(place)) }
                if number == 42, place == 2 { span.status = SpanStatus(.error) }
                return span
            }
            let kept = number == orphan ? [spans[0], spans[2]] : spans
            requests += apart ? kept.map { [$0] } : [kept]
        }
        for spans in requests { try store.add(spans) }
        store.waitUntilAnswered()
        return store
    }

    static func search(_ query: QueryExpression, in store: SegmentStore) throws -> SearchPage {
        try TraceSearch(SearchRequest(query), in: store, clock: { 0 }).run()
    }

    static let failed = QueryExpression.comparison(.span(.status), .equal, .text("error"))
    static let root = QueryExpression.comparison(.span(.name), .equal, .text("step 0"))

    @Test(
        "Only traces in which other spans satisfy what is asked of them are read, whether their spans came together or apart",
        arguments: [false, true],
        [
            QueryExpression.and([root, .related(.descendant, failed)]),
            .related(.child, failed), .related(.descendant, .related(.child, failed)),
            .and([failed, .related(.parent, .related(.parent, root))]),
            .and([root, .comparison(.trace(.hasError), .equal, .bool(true))]),
            .comparison(.trace(.errorCount), .greater, .integer(0)),
        ])
    func readsFew(apart: Bool, query: QueryExpression) throws {
        let directory = TemporaryDirectory()
        let store = try Self.store(directory, apart: apart)
        defer { store.close() }
        let page = try Self.search(query, in: store)
        #expect(page.traces.map(\.key.id) == [TraceID(high: 7, low: 43)])
        #expect(page.figures.tracesRead == 1)
    }

    @Test("A trace with a missing span is read, as it may be what is asked for")
    func readsIncomplete() throws {
        let directory = TemporaryDirectory()
        let store = try Self.store(directory, apart: false, orphan: 7)
        defer { store.close() }
        let page = try Self.search(.and([Self.root, .related(.child, Self.failed)]), in: store)
        #expect(page.traces.map(\.key.id) == [TraceID(high: 7, low: 8)])
        #expect(page.traces.first?.unknownBecause == SpanID(value: 2))
        #expect(page.figures.tracesRead == 1)
    }
}
