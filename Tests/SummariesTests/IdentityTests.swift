import Testing
import TraceModel

@testable import Summaries

@Suite("Figures are a function of the set of spans")
struct IdentityTests {
    @Test("One segment says what the definition says", arguments: 0..<60)
    func definition(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let spans = SpanStream().spans(traces: 40, using: &generator)
        let summary = SummaryBuilder.summary(of: (spans + spans + spans).shuffled(using: &generator))
        #expect(SummaryOracle(summary) == SummaryOracle(spans), "seed \(seed)")
        #expect(summary.beyondBounds == 0)
    }

    @Test("Any split of a shuffled, tripled stream into segments adds up to the same bytes", arguments: 0..<150)
    func splits(seed: UInt64) throws {
        var generator = SeededGenerator(seed: 1000 + seed)
        let spans = SpanStream().spans(traces: 25, using: &generator)
        let whole = SummaryBuilder.summary(of: spans)
        #expect(SummaryOracle(whole) == SummaryOracle(spans), "seed \(seed)")

        let copies = seed % 3 == 0 ? spans : spans + spans + spans
        let segments = Self.split(copies.shuffled(using: &generator), using: &generator)
        let summaries = Self.summaries(of: segments, using: &generator)
        var merged = Summary()
        for summary in summaries.shuffled(using: &generator) {
            let encoded = summary.encode()
            try merged.merge(Summary(decoding: encoded.span))
        }
        #expect(merged.encode() == whole.encode(), "seed \(seed)")
        #expect(SummaryOracle(merged) == SummaryOracle(spans), "seed \(seed)")
    }

    @Test("A segment says exactly what its spans change: F(S1…Sn) - F(S1…Sn-1)", arguments: 0..<20)
    func differences(seed: UInt64) throws {
        var generator = SeededGenerator(seed: 2000 + seed)
        let spans = SpanStream().spans(traces: 15, using: &generator).shuffled(using: &generator)
        let segments = Self.split(spans, using: &generator)
        let summaries = Self.summaries(of: segments, using: &generator)
        var merged = Summary()
        for (number, summary) in summaries.enumerated() {
            try merged.merge(summary)
            let before = SummaryBuilder.summary(of: segments[0...number].joined())
            #expect(merged == before, "seed \(seed), segment \(number)")
        }
    }

    @Test("A hundred thousand spans, once or tripled, shuffled, in one or seven segments: the same bytes")
    func manySpans() throws {
        let seed: UInt64 = 7
        var generator = SeededGenerator(seed: seed)
        var stream = SpanStream(services: 20, names: 10, differingCopies: 0.02, minutes: 30)
        let spans = stream.spans(traces: 20_000, using: &generator)
        #expect(spans.count > 100_000)
        let once = SummaryBuilder.summary(of: spans).encode()
        let tripled = (spans + spans + spans).shuffled(using: &generator)
        #expect(SummaryBuilder.summary(of: tripled).encode() == once, "seed \(seed)")

        stream.differingCopies = 0
        let size = tripled.count / 7 + 1
        let segments = (0..<7).map { Array(tripled[($0 * size)..<min(tripled.count, ($0 + 1) * size)]) }
        var merged = Summary()
        for summary in Self.summaries(of: segments, using: &generator) { try merged.merge(summary) }
        #expect(merged.encode() == once, "seed \(seed)")
    }

    @Test("A call to a peer is taken back when the other side's span arrives in a later segment")
    func laterChild() throws {
        let trace = TraceID(high: 1, low: 2)
        let start = SampleSpan.beginning
        let client = SampleSpan(
            trace: trace, spanID: 1, start: start, end: start + 1000, service: "shop", name: "GET", kind: 3,
            peer: "pay.example", peerKind: .host, contentHash: 1)
        let server = SampleSpan(
            trace: trace, spanID: 2, parentID: 1, start: start, end: start + 500, service: "pay", name: "GET /pay",
            kind: 2, isError: true, contentHash: 2)
        var first = SummaryBuilder()
        first.add(client)
        var second = SummaryBuilder()
        second.add(server)
        second.preload(client)
        var merged = first.summary()
        #expect(merged.calls(.everything).elements.map(\.to) == ["pay.example"])
        #expect(merged.calls(.everything).elements.map(\.kind) == [.host])
        try merged.merge(second.summary())
        let calls = merged.calls(.everything).elements
        #expect(calls.map(\.to) == ["pay"])
        #expect(calls.map(\.kind) == [.call])
        #expect(calls.map(\.total.count) == [1])
        #expect(calls.map(\.total.errors) == [1])
        #expect(merged.calls.count == 1)
    }

    @Test("A copy that ends later takes the place of one in an earlier segment, the same copy again changes nothing")
    func laterCopy() throws {
        let trace = TraceID(high: 1, low: 2)
        let start = SampleSpan.beginning
        let unfinished = SampleSpan(
            trace: trace, spanID: 1, start: start, end: start, service: "shop", name: "GET", kind: 2, contentHash: 9)
        var finished = unfinished
        (finished.end, finished.isError, finished.contentHash) = (start + 100, true, 10)
        var second = SummaryBuilder()
        second.preload(unfinished)
        second.add(finished)
        second.add(unfinished)
        var third = SummaryBuilder()
        third.preload(finished)
        third.preload(unfinished)
        third.add(finished)
        third.add(finished)
        var merged = SummaryBuilder.summary(of: [unfinished])
        try merged.merge(second.summary())
        try merged.merge(third.summary())
        let reports = merged.red(.everything).elements
        #expect(reports.map(\.total.count) == [1])
        #expect(reports.map(\.total.errors) == [1])
        #expect(reports.map(\.total.durationSum) == [100])
        #expect(reports.first?.total.slowest?.trace == trace)
        #expect(third.summary().red(.everything).elements.isEmpty)
    }

    /// Cuts at random places, some parts empty.
    static func split(_ spans: [SampleSpan], using generator: inout SeededGenerator) -> [[SampleSpan]] {
        let count = Int.random(in: 1...6, using: &generator)
        var segments: [[SampleSpan]] = Array(repeating: [], count: count)
        for span in spans { segments[Int.random(in: 0..<count, using: &generator)].append(span) }
        return segments
    }

    /// As a store makes them: each with what came before of its traces, at any place among its own.
    static func summaries(of segments: [[SampleSpan]], using generator: inout SeededGenerator) -> [Summary] {
        var earlier: [TraceID: [SampleSpan]] = [:]
        return segments.map { segment in
            let own = segment.map { (span: $0, isEarlier: false) }
            let traces = Set(segment.map(\.trace))
            let before = traces.sorted().flatMap { earlier[$0] ?? [] }.map { (span: $0, isEarlier: true) }
            var builder = SummaryBuilder()
            for (span, isEarlier) in (own + before).shuffled(using: &generator) {
                if isEarlier { builder.preload(span) } else { builder.add(span) }
            }
            for span in segment { earlier[span.trace, default: []].append(span) }
            return builder.summary()
        }
    }
}
