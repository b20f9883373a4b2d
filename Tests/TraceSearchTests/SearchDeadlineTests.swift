import OTLP
import QueryLanguage
import SegmentStore
import StorageTesting
import Testing
import TraceModel
import TraceSearch

@Suite("Searches that run out of time")
struct SearchDeadlineTests {
    private static func spans(_ number: Int) -> [SpanValue] {
        let start = 1_700_000_000_000_000_000 + UInt64(number * 337 % 300) * 1_000_000
        return [
            SpanValue(
                traceID: TraceID(high: 7, low: UInt64(number) + 1), spanID: SpanID(value: 1),
                name: "step \(number % 2)",
                kind: .server, startUnixNano: start, endUnixNano: start + 1_000,
                resource: ResourceValue([Attribute("service.name", .string("shop"))]))
        ]
    }

    @Test(
        "Pages that were stopped tell so and go on from their cursor: together they tell all, each once, in order",
        arguments: [0, 1, 2, 3, 4, 6, 10, 30, 100, 300])
    func goesOn(calls: Int) throws {
        let directory = TemporaryDirectory()
        var options = StoreOptions()
        options.sync = false
        options.frameBytes = 1 << 10
        options.segmentBytes = 8 << 10
        options.commitPause = .zero
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        for number in 0..<300 { try store.add(Self.spans(number)) }
        store.waitUntilAnswered()
        var request = SearchRequest(try QueryParser.parse(#"name = "step 1""#, now: 0))
        request.limit = 200
        request.bounds.framesBeforeOutlines = 2
        var found: [TraceKey] = []
        var stopped = 0
        while true {
            var left = calls
            let page = try TraceSearch(
                request, in: store,
                clock: {
                    left -= 1
                    return left < 0 ? 6_000_000_000 : 0
                }
            ).run()
            found += page.traces.map(\.key)
            if !page.isComplete {
                #expect(page.stopped == .time)
                stopped += 1
            }
            guard let cursor = page.cursor else { break }
            request.cursor = cursor
            try #require(stopped < 1_000)
        }
        let all = (0..<300).filter { $0 % 2 == 1 }.map { number in
            let span = Self.spans(number)[0]
            return TraceKey(start: span.startUnixNano, id: span.traceID)
        }
        #expect(found == all.sorted { $1 < $0 })
        // The first call tells when the search began.
        #expect(stopped > 0 || calls == 0 || calls > 100)
    }
}
