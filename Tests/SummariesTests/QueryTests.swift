import Testing
import TraceModel

@testable import Summaries

@Suite("Questions to a summary")
struct QueryTests {
    private static let minute = SummaryMinute.nanoseconds
    /// 17:00, 17:01 and 17:02: ten spans each of "pay", durations 1 to 10 µs; one of "shop"; one without time.
    private static let summary: Summary = {
        var spans: [SampleSpan] = []
        for index in UInt64(0)..<30 {
            let start = SampleSpan.beginning + index / 10 * minute + 1
            spans.append(
                SampleSpan(
                    trace: TraceID(high: 1, low: index + 1), spanID: 2, parentID: 1, start: start,
                    end: start + (index % 10 + 1) * 1000, service: "pay", name: "POST /pay/\(index)", kind: 2,
                    isError: index % 10 == 4, contentHash: index))
        }
        spans.append(
            SampleSpan(
                trace: TraceID(high: 1, low: 1), spanID: 1, start: SampleSpan.beginning,
                end: SampleSpan.beginning + 5000, service: "shop", name: "call", kind: 3, peer: "pay.example",
                peerKind: .host, contentHash: 100))
        spans.append(
            SampleSpan(
                trace: TraceID(high: 2, low: 1), spanID: 1, start: 0, end: 700, service: "shop", name: "select",
                kind: 3, peer: "postgresql", peerKind: .database, contentHash: 101))
        return SummaryBuilder.summary(of: spans)
    }()

    private static func filter(_ change: (inout SummaryFilter) -> Void) -> SummaryFilter {
        var filter = SummaryFilter()
        change(&filter)
        return filter
    }

    @Test("A range takes the minutes that it touches, and spans without time only if it is open")
    func range() {
        let begin = SampleSpan.beginning
        func count(_ from: UInt64?, _ to: UInt64?) -> Int64 {
            let filter = Self.filter { ($0.from, $0.to) = (from, to) }
            return Self.summary.red(filter).elements.reduce(0) { $0 + $1.total.count }
        }
        #expect(count(nil, nil) == 32)
        #expect(count(begin, begin + Self.minute) == 11)
        #expect(count(begin + Self.minute, begin + 2 * Self.minute) == 10)
        #expect(count(begin + Self.minute - 1, begin + Self.minute + 1) == 21)
        #expect(count(begin + 3 * Self.minute, nil) == 0)
    }

    @Test("Operations have rate, errors, percentiles within 1/128 and points by step")
    func operations() throws {
        let filter = Self.filter { ($0.service, $0.kind, $0.stepMinutes) = ("pay", 2, 2) }
        let report = try #require(Self.summary.red(filter).elements.first)
        #expect(report.operation == "POST /pay/{id}")
        #expect(report.total.count == 30)
        #expect(report.total.errors == 3)
        #expect(report.total.durationSum == 165_000)
        for (perMille, exact) in [(500, 5000), (950, 10_000), (100, 1000)] as [(Int, UInt64)] {
            let value = try #require(report.total.durations.percentile(perMille: perMille))
            #expect(max(value, exact) - min(value, exact) <= exact / 128)
        }
        #expect(report.points.map(\.figures.count) == [20, 10])
        #expect(report.points.allSatisfy { $0.minute % 2 == 0 })
        #expect(report.total.slowest?.trace == TraceID(high: 1, low: 10))
        #expect(report.total.slowestFailed?.trace == TraceID(high: 1, low: 5))
        #expect(Self.summary.operations(of: "nobody").elements.isEmpty)
        #expect(Self.summary.operations(of: "shop").elements.map(\.operation) == ["call", "select"])
    }

    @Test("A limit is kept and told")
    func limits() {
        #expect(Self.summary.red(.everything, limit: 1).elements.map(\.service) == ["pay"])
        #expect(Self.summary.red(.everything, limit: 1).isTruncated)
        #expect(!Self.summary.red(.everything, limit: 3).isTruncated)
        #expect(Self.summary.calls(.everything, limit: 1).isTruncated)
        #expect(Self.summary.nodes(.everything, limit: 2).isTruncated)
    }

    @Test("The call graph has services and what they call")
    func graph() {
        let calls = Self.summary.calls(.everything).elements
        #expect(
            calls.map { "\($0.from) \($0.kind) \($0.to) \($0.total.count)" }
                == [
                    "shop database postgresql 1", "shop call pay 1",
                ].sorted { $0.contains("pay") && !$1.contains("pay") })
        let nodes = Self.summary.nodes(.everything).elements
        #expect(nodes.map(\.name) == ["pay", "shop", "postgresql"])
        #expect(nodes.map(\.calledAs) == [nil, nil, .database])
        #expect(nodes.map(\.total.count) == [30, 2, 1])
        let ofPay = Self.filter { $0.service = "pay" }
        #expect(Self.summary.calls(ofPay).elements.map(\.to) == ["pay"])
        // With who calls it, and what that does altogether.
        #expect(Self.summary.nodes(ofPay).elements.map(\.name) == ["pay", "shop"])
        #expect(Self.summary.nodes(ofPay).elements.map(\.total.count) == [30, 2])
    }

    @Test("Merging with a filter and step gives what the query gives")
    func filteredMerge() throws {
        let filter = Self.filter { ($0.service, $0.stepMinutes, $0.from) = ("pay", 60, SampleSpan.beginning) }
        var merged = Summary()
        try merged.merge(Self.summary, where: filter)
        #expect(merged.red(filter) == Self.summary.red(filter))
        let encoded = Self.summary.encode()
        #expect(try Summary(decoding: encoded.span, where: filter) == merged)
        #expect(merged.operations.count == 1)
    }

    @Test("A step that begins before the range is not lost from what was merged for the range")
    func partOfAStep() throws {
        let filter = Self.filter {
            ($0.service, $0.stepMinutes, $0.from) = ("pay", 10_080, SampleSpan.beginning + Self.minute)
        }
        var merged = Summary()
        try merged.merge(Self.summary, where: filter)
        #expect(merged.red(filter.ofMergedRows) == Self.summary.red(filter))
        #expect(merged.red(filter.ofMergedRows).elements.map(\.total.count) == [20])
    }

    @Test("There is no percentile of nothing, and counts below zero are taken as none")
    func percentiles() {
        #expect(DurationHistogram().percentile(perMille: 500) == nil)
        let histogram = DurationHistogram(sorted: [
            .init(index: 3, count: -5), .init(index: 7, count: 1), .init(index: 9, count: 99),
        ])
        #expect(histogram.percentile(perMille: 10) == 7)
        #expect(histogram.percentile(perMille: 11) == 9)
        #expect(histogram.percentile(perMille: 1000) == 9)
    }
}
