import Files
import OTLP
import QueryLanguage
import SegmentStore
import StorageTesting
import Testing
import TraceModel
import TraceSearch

@Suite("Searches that outlines shorten")
struct OutlineSearchTests {
    /// Traces of a gateway that calls a shop that calls a database, the later ones slower; some segments of them.
    private static func requests(_ numbers: some Collection<Int>) -> [[SpanValue]] {
        numbers.map { number in
            let start = 1_700_000_000_000_000_000 + UInt64(number) * 1_000_000
            return ["gateway", "shop", "db"].enumerated().map { place, service in
                var span = SpanValue(
                    traceID: TraceID(high: 7, low: UInt64(number) + 1), spanID: SpanID(value: UInt64(place) + 1),
                    name: "step \(place)", kind: .server, startUnixNano: start,
                    endUnixNano: start + UInt64(number + 1) * 1_000,
                    resource: ResourceValue([Attribute("service.name", .string(service))]))
                if place > 0 { span.parentSpanID = SpanID(value: UInt64(place)) }
                return span
            }
        }
    }

    private static func open(_ directory: TemporaryDirectory, segmentBytes: Int = 16 << 10) throws -> SegmentStore {
        var options = StoreOptions()
        options.sync = false
        options.frameBytes = 2 << 10
        options.segmentBytes = segmentBytes
        options.commitPause = .zero
        return try SegmentStore.open(directory: directory.path, options: options)
    }

    /// Ends the segment that grows: a start that finds it full seals it.
    private static func seal(_ store: inout SegmentStore, _ directory: TemporaryDirectory) throws {
        store.waitUntilAnswered()
        store.close()
        store = try open(directory, segmentBytes: 1)
        store.waitUntilSealed()
        store.close()
        store = try open(directory)
    }

    private static func search(_ text: String, in store: SegmentStore) throws -> SearchPage {
        var request = SearchRequest(try QueryParser.parse(text, now: 0))
        request.bounds.framesBeforeOutlines = 0
        return try TraceSearch(request, in: store, clock: { 0 }).run()
    }

    @Test(
        "Where nothing satisfies a query on services, names, kinds, status, durations and how spans stand, no frame is read",
        arguments: [
            #"service = "gateway" and child { service = "db" }"#,
            #"service = "db" and parent { service = "gateway" }"#,
            #"service = "gateway" and descendant { status = error }"#,
            #"service = "db" and not ancestor { name = "step 0" }"#,
            #"not (service = "gateway" or duration < 2ms)"#,
            #"kind = client and duration > 1us"#,
            #"service = "shop" and trace.spans > 3"#,
            #"service = "shop" and trace.root.service = "shop""#,
        ])
    func readsNothing(query: String) throws {
        let directory = TemporaryDirectory()
        var store = try Self.open(directory)
        defer { store.close() }
        for spans in Self.requests(0..<400) { try store.add(spans) }
        try Self.seal(&store, directory)
        let page = try Self.search(query, in: store)
        #expect(page.traces.isEmpty)
        #expect(page.isComplete)
        #expect(page.figures.framesRead == 0)
    }

    @Test("Where one trace of many satisfies a query, its frame is read and few others")
    func readsFew() throws {
        let directory = TemporaryDirectory()
        var store = try Self.open(directory)
        defer { store.close() }
        for spans in Self.requests(0..<400) { try store.add(spans) }
        try Self.seal(&store, directory)
        let page = try Self.search(#"service = "shop" and duration = 301us and child { service = "db" }"#, in: store)
        #expect(page.traces.map(\.key.id) == [TraceID(high: 7, low: 301)])
        #expect(page.figures.framesRead == 1)
        #expect(page.figures.framesLeftOut > 0)
    }

    @Test("Of frames that overlap in time those with the newest answers are read, and no others")
    func readsTheNewest() throws {
        let directory = TemporaryDirectory()
        var store = try Self.open(directory)
        defer { store.close() }
        // Far apart, so that each frame holds old ones and new ones.
        for spans in Self.requests((0..<800).map { $0 * 337 % 800 }) { try store.add(spans) }
        try Self.seal(&store, directory)
        let page = try Self.search(#"service = "shop" and kind = server"#, in: store)
        #expect(page.traces.map(\.key.id.low) == (781...800).reversed())
        #expect(page.figures.frames > 100)
        #expect(page.figures.framesRead <= 21)
        #expect(page.isTruncated)
        // And the page behind it.
        var request = SearchRequest(try QueryParser.parse(#"service = "shop" and kind = server"#, now: 0))
        request.cursor = page.cursor
        request.bounds.framesBeforeOutlines = 0
        let next = try TraceSearch(request, in: store, clock: { 0 }).run()
        #expect(next.traces.map(\.key.id.low) == (761...780).reversed())
    }

    @Test(
        "A trace whose spans lie in several segments is found, whichever of them are sealed",
        arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2]], [false, true])
    func findsSpread(order: [Int], isSealed: Bool) throws {
        let directory = TemporaryDirectory()
        var store = try Self.open(directory)
        defer { store.close() }
        let spread = Self.requests(500..<501)[0]
        for place in order {
            for spans in Self.requests(place * 100..<place * 100 + 100) { try store.add(spans) }
            try store.add([spread[place]])
            if isSealed || place != order.last { try Self.seal(&store, directory) }
        }
        store.waitUntilAnswered()
        let wanted = [TraceID(high: 7, low: 501)]
        for query in [
            #"service = "gateway" and duration > 450us and child { service = "shop" }"#,
            #"service = "shop" and duration > 450us and child { service = "db" }"#,
            #"service = "db" and duration > 450us and ancestor { service = "gateway" }"#,
            #"service = "gateway" and duration > 450us and descendant { service = "db" }"#,
            #"service = "db" and duration > 450us and trace.spans = 3"#,
        ] {
            #expect(try Self.search(query, in: store).traces.map(\.key.id) == wanted, "\(query)")
        }
    }

    @Test(
        "Damaged outlines, and those of a file from before there were any, leave nothing out", arguments: [false, true])
    func readsAllWithoutOutlines(isOld: Bool) throws {
        let directory = TemporaryDirectory()
        var store = try Self.open(directory)
        for spans in Self.requests(0..<400) { try store.add(spans) }
        try Self.seal(&store, directory)
        store.close()
        for number in 1...2 {
            directory.change("0000000\(number).idx") { bytes in
                if isOld {
                    // The section's place in the header, and the checksum of header and meta.
                    for offset in 192..<216 { bytes[offset] = 0 }
                    let metaEnd = 224 + Int(bytes.withUnsafeBytes { $0.loadLittle(at: 104, as: UInt64.self) })
                    let sum = bytes.withUnsafeBytes { bytes in
                        checksum(
                            UnsafeRawBufferPointer(rebasing: bytes[224..<metaEnd]),
                            continuing: checksum(UnsafeRawBufferPointer(rebasing: bytes[..<220])))
                    }
                    bytes.withUnsafeMutableBytes { $0.storeLittle(sum, at: 220) }
                } else {
                    bytes[bytes.count - 1] ^= 1
                }
            }
        }
        var options = StoreOptions()
        options.verificationDelay = .seconds(3600)
        let again = try SegmentStore.open(directory: directory.path, options: options)
        defer { again.close() }
        let page = try Self.search(#"service = "shop" and duration = 301us and child { service = "db" }"#, in: again)
        #expect(page.traces.map(\.key.id) == [TraceID(high: 7, low: 301)])
        let none = try Self.search(#"service = "gateway" and child { service = "db" }"#, in: again)
        #expect(none.traces.isEmpty && none.isComplete)
        #expect(none.figures.framesRead >= 60)
    }
}

@Suite("Names that are spelt in two ways")
struct SpellingTests {
    /// An é as one character and as two.
    private static let names = ["caf\u{E9}", "cafe\u{301}"]

    @Test("Two spellings of a service are two services, to the trace and to a search for others than one of them")
    func tellsApart() throws {
        let directory = TemporaryDirectory()
        var options = StoreOptions()
        options.sync = false
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        let start: UInt64 = 1_700_000_000_000_000_000
        for (number, name) in Self.names.enumerated() {
            var span = SpanValue(
                traceID: TraceID(high: 7, low: 1), spanID: SpanID(value: UInt64(number) + 1), name: "step",
                startUnixNano: start, endUnixNano: start + 1_000,
                resource: ResourceValue([Attribute("service.name", .string(name))]))
            if number == 1 {
                span.parentSpanID = SpanID(value: 1)
                span.status = SpanStatus(.error)
            }
            try store.add([span])
        }
        store.waitUntilAnswered()
        for query in [
            "trace.services = 2", "trace.services > 1 and trace.spans = 2",
            "service != \"\(Self.names[0])\" and status = error",
            "not service = \"\(Self.names[0])\" and status = error and duration < 1s", "service = \"\(Self.names[1])\"",
        ] {
            let request = SearchRequest(try QueryParser.parse(query, now: 0))
            let page = try TraceSearch(request, in: store, clock: { 0 }).run()
            #expect(page.traces.map(\.key.id) == [TraceID(high: 7, low: 1)], "\(query)")
        }
        let request = SearchRequest(try QueryParser.parse("service = \"\(Self.names[0])\" and status = error", now: 0))
        #expect(try TraceSearch(request, in: store, clock: { 0 }).run().traces.isEmpty)
    }
}
