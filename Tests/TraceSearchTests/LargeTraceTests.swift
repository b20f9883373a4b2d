import OTLP
import QueryLanguage
import QueryTesting
import SegmentStore
import StorageTesting
import Testing
import TraceAssembly
import TraceModel
import TraceSearch

@Suite("Large traces in searches")
struct LargeTraceTests {
    private static let id = TraceID(high: 1, low: 2)
    private static let begin: UInt64 = 1_700_000_000_000_000_000
    private static let frames = 40

    /// Span `number` of the trace; each tenth failed.
    private static func span(_ number: Int) -> SpanValue {
        var span = SpanValue(
            traceID: id, spanID: SpanID(value: UInt64(number) + 1), name: "step \(number % 3)",
            startUnixNano: begin + UInt64(number), endUnixNano: begin + UInt64(number) + 1_000,
            attributes: [Attribute("number", .int(Int64(number)))])
        if number > 0 { span.parentSpanID = SpanID(value: 1) }
        if number % 10 == 0 { span.status = SpanStatus(.error) }
        return span
    }

    private let directory = TemporaryDirectory()
    private let store: SegmentStore
    private let large = LargeTraces()

    init() throws {
        var options = StoreOptions()
        options.sync = false
        options.commitPause = .zero
        options.frameBytes = 100
        store = try SegmentStore.open(directory: directory.path, options: options)
        for number in 0..<Self.frames { try add(Self.span(number)) }
    }

    private func add(_ span: SpanValue) throws {
        try store.add([span])
        store.waitUntilAnswered()
    }

    private func search(_ text: String, _ large: LargeTraces?) throws -> FoundTrace {
        let request = SearchRequest(try QueryParser.parse(text, now: 0))
        let page = try TraceSearch(request, in: store, large: large, clock: { 0 }).run()
        return try #require(page.traces.first)
    }

    @Test(
        "The second search tells the same place and summary, and that there may be more",
        arguments: ["status = error", "number > 3", "name =~ \"step 1\" and not status = error", "name = \"step 2\""])
    func knowsAgain(query: String) throws {
        defer { store.close() }
        let whole = try search(query, nil)
        let first = try search(query, large)
        #expect(first.matchCount == whole.matchCount && !first.hasMoreMatches)
        let second = try search(query, large)
        #expect(second.key == whole.key)
        #expect(second.summary == whole.summary)
        #expect(second.hasMoreMatches)
        #expect(second.matchCount >= 1 && second.matchCount < whole.matchCount)
        #expect(Set(second.matches).isSubset(of: (0..<Self.frames).map { SpanID(value: UInt64($0) + 1) }))
    }

    @Test("What comes later is seen at once")
    func seesLateSpans() throws {
        defer { store.close() }
        _ = try search("status = error", large)
        try add(Self.span(50))
        let found = try search("status = error", large)
        #expect(found.key.start == Self.begin + 50)
        #expect(found.summary.spanCount == Self.frames + 1)
    }

    @Test("Where a span came twice with other content the whole trace decides")
    func readsCopies() throws {
        defer { store.close() }
        // Ends later and did not fail: it stands in the place of the one that did.
        var copy = Self.span(30)
        copy.endUnixNano += 1
        copy.status = SpanStatus()
        try add(copy)
        for _ in 0..<2 {
            let found = try search("status = error", large)
            #expect(found.key.start == Self.begin + 20)
            #expect(!found.hasMoreMatches)
        }
    }

    @Test("What is asked of other spans reads the whole trace")
    func readsForRelations() throws {
        defer { store.close() }
        for _ in 0..<2 {
            let found = try search("parent { status = error } and name = \"step 1\"", large)
            #expect(found.matchCount == 13 && !found.hasMoreMatches)
        }
    }
}

@Suite("Trees of large traces in searches")
struct LargeTreeTests {
    private static let begin: UInt64 = 1_700_000_000_000_000_000
    private static let count = 400

    /// A trace in many frames of a sealed segment.
    private static func store(
        _ directory: TemporaryDirectory, using generator: inout SeededGenerator
    ) throws -> SegmentStore {
        var options = StoreOptions()
        options.sync = false
        options.commitPause = .zero
        options.frameBytes = 2 << 10
        let store = try SegmentStore.open(directory: directory.path, options: options)
        let services = ["gateway", "shop", "db"]
        var spans: [SpanValue] = []
        for number in 0..<count {
            let start = begin + UInt64.random(in: 0..<1_000_000, using: &generator)
            var span = SpanValue(
                traceID: TraceID(high: 1, low: 2), spanID: SpanID(value: UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15),
                name: "step \(number % 7)", startUnixNano: start,
                endUnixNano: start + UInt64.random(in: 0..<5_000, using: &generator),
                resource: ResourceValue([Attribute("service.name", .string(services[number % 3]))]))
            if number > 0 {
                span.parentSpanID = spans[Int.random(in: max(0, number - 20)..<number, using: &generator)].spanID
            }
            if number % 10 == 0 { span.status = SpanStatus(.error) }
            spans.append(span)
        }
        for span in spans.shuffled(using: &generator) { try store.add([span]) }
        store.waitUntilAnswered()
        store.close()
        options.segmentBytes = 1
        let sealed = try SegmentStore.open(directory: directory.path, options: options)
        sealed.waitUntilSealed()
        return sealed
    }

    @Test(
        "What outlines tell of a large trace that was read once is what the query says of it, of spans of any time",
        arguments: [0 ... .max, begin...begin + 500_000])
    func tellsTheSame(started: ClosedRange<UInt64>) throws {
        var generator = SeededGenerator(seed: 20_261_128)
        let directory = TemporaryDirectory()
        let store = try Self.store(directory, using: &generator)
        defer { store.close() }
        let large = LargeTraces()
        var decided = 0
        for text in [
            #"service = "gateway" and child { service = "db" }"#,
            #"service = "gateway" and descendant { service = "db" and status = error }"#,
            #"status = error and not parent { service = "shop" }"#,
            #"ancestor { name = "step 3" and duration > 2us } and duration < 3us"#,
            #"service = "db" and parent { service = "gateway" and parent { status = error } }"#,
            #"trace.services > 2 and name = "step 2""#, #"trace.spans > 1000 and name = "step 2""#,
            #"trace.root.service = "gateway" and duration >= 4us"#, #"trace.duration > 100us and status = error"#,
            #"child { name =~ "step [12]" }"#,
        ] {
            var request = SearchRequest(try QueryParser.parse(text, now: 0))
            request.matches = 50
            request.started = started
            let whole = try TraceSearch(request, in: store, clock: { 0 }).run()
            let page = try TraceSearch(request, in: store, large: large, clock: { 0 }).run()
            #expect(page.traces.map(\.key) == whole.traces.map(\.key), "\(text)")
            #expect(page.traces.map(\.matchCount) == whole.traces.map(\.matchCount), "\(text)")
            #expect(page.traces.map(\.matches) == whole.traces.map(\.matches), "\(text)")
            #expect(page.traces.map(\.summary) == whole.traces.map(\.summary), "\(text)")
            if page.figures.tracesRead == 0, whole.figures.tracesRead > 0 { decided += 1 }
        }
        // All but the first, which reads it, the pattern, and what is excluded without being read.
        #expect(decided >= 7)
    }

    @Test("Once it is known no frame of it is read, whether or not it satisfies a query")
    func readsNoFrame() throws {
        var generator = SeededGenerator(seed: 20_261_129)
        let directory = TemporaryDirectory()
        let store = try Self.store(directory, using: &generator)
        defer { store.close() }
        let large = LargeTraces()
        func page(_ text: String) throws -> SearchPage {
            var request = SearchRequest(try QueryParser.parse(text, now: 0))
            request.bounds.framesBeforeOutlines = 0
            return try TraceSearch(request, in: store, large: large, clock: { 0 }).run()
        }
        #expect(try page(#"service = "gateway" and child { service = "db" }"#).figures.tracesRead == 1)
        for (text, count) in [
            (#"service = "gateway" and child { service = "db" }"#, 1), (#"service = "db""#, 1),
            (#"service = "gateway" and child { service = "gateway" and child { duration > 4999ns } }"#, 0),
        ] {
            let page = try page(text)
            #expect(page.traces.count == count, "\(text)")
            #expect(page.figures.framesRead == 0, "\(text)")
            #expect(page.figures.tracesRead == 0 && page.isComplete, "\(text)")
        }
    }
}
