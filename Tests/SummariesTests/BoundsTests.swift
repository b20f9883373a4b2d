import Testing
import TraceModel

@testable import Summaries

@Suite("Bounds of summaries")
struct BoundsTests {
    private static func small() -> SummaryBounds {
        var bounds = SummaryBounds()
        (bounds.services, bounds.operationsOfService, bounds.minutes) = (3, 2, 2)
        return bounds
    }

    @Test("Beyond the bounds, any split of the stream still adds up to the same bytes", arguments: 0..<60)
    func splits(seed: UInt64) throws {
        var generator = SeededGenerator(seed: 3000 + seed)
        var stream = SpanStream(services: 9, names: 12, minutes: 8)
        stream.differingCopies = 0.1
        let spans = stream.spans(traces: 40, using: &generator)
        let whole = SummaryBuilder.summary(of: spans, bounds: Self.small())
        let segments = IdentityTests.split((spans + spans).shuffled(using: &generator), using: &generator)
        var merged = Summary(bounds: Self.small())
        for summary in Self.summaries(of: segments).shuffled(using: &generator) {
            let encoded = summary.encode()
            try merged.merge(Summary(decoding: encoded.span, bounds: Self.small()))
        }
        #expect(merged.encode() == whole.encode(), "seed \(seed)")

        let reports = whole.red(.everything).elements
        #expect(Set(reports.map(\.service)).count == 4, "three and 'other'")
        let named = reports.filter { $0.service != "other" && $0.operation != "other" }
        for service in Set(named.map(\.service)) {
            #expect(Set(named.filter { $0.service == service }.map(\.operation)).count <= 2)
        }
        #expect(Set(whole.operations.keys.map(\.minute)).count == 3, "two and 'no time'")
        let total = SummaryBuilder.summary(of: spans).red(.everything).elements.reduce(0) { $0 + $1.total.count }
        #expect(reports.reduce(0) { $0 + $1.total.count } == total)
    }

    private static func summaries(of segments: [[SampleSpan]]) -> [Summary] {
        var earlier: [SampleSpan] = []
        return segments.map { segment in
            let traces = Set(segment.map(\.trace))
            var builder = SummaryBuilder(bounds: small())
            for span in earlier where traces.contains(span.trace) { builder.preload(span) }
            for span in segment { builder.add(span) }
            earlier += segment
            return builder.summary()
        }
    }

    @Test("A builder that is full counts what it leaves out")
    func fullBuilder() {
        var bounds = SummaryBounds()
        bounds.spans = 10
        var generator = SeededGenerator(seed: 1)
        let spans = SpanStream(differingCopies: 0).spans(traces: 20, using: &generator)
        let summary = SummaryBuilder.summary(of: spans, bounds: bounds)
        #expect(summary.beyondBounds > 0)
        #expect(summary.red(.everything).elements.reduce(0) { $0 + $1.total.count } <= 10)
    }

    @Test("A merge that would have more rows than may be is refused and changes nothing; the same rows again are taken")
    func fullSummary() throws {
        var generator = SeededGenerator(seed: 2)
        let spans = SpanStream().spans(traces: 30, using: &generator)
        let summary = SummaryBuilder.summary(of: spans)
        var bounds = SummaryBounds()
        bounds.rows = summary.rows
        var merged = Summary(bounds: bounds)
        try merged.merge(summary)
        try merged.merge(summary)
        let before = merged.encode()
        let more = SummaryBuilder.summary(of: SpanStream().spans(traces: 30, using: &generator))
        #expect(throws: SummaryError.tooManyRows(limit: summary.rows)) { try merged.merge(more) }
        #expect(merged.encode() == before)
        let encoded = summary.encode()
        bounds.rows -= 1
        let tight = bounds
        #expect(throws: SummaryError.tooManyRows(limit: tight.rows)) {
            try Summary(decoding: encoded.span, bounds: tight)
        }
    }

    @Test(
        "A start that is no time is in minute 0",
        arguments: [
            (0, 0), (946_684_799_999_999_999, 0), (946_684_800_000_000_000, 15_778_080),
            (4_102_444_799_999_999_999, 68_374_079), (4_102_444_800_000_000_000, 0), (UInt64.max, 0),
        ] as [(UInt64, UInt32)])
    func noTime(start: UInt64, minute: UInt32) {
        #expect(SummaryMinute.of(start) == minute)
    }
}
