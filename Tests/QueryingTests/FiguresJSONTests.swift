import JSON
import Querying
import Summaries
import Testing
import TraceModel

@Suite("Figures as JSON")
struct FiguresJSONTests {
    /// 2026-11-27 17:00.
    static let begin: UInt64 = 1_795_798_800_000_000_000

    static func summary() -> Summary {
        var builder = SummaryBuilder()
        let shop = builder.symbols.intern("shop")
        let pay = builder.symbols.intern("pay")
        let operation = builder.symbols.operation(ofName: "POST /pay/17".utf8Span.span)
        let trace = TraceID(high: 0, low: 7)
        builder.add(
            SpanDigest(
                trace: trace, spanID: 1, parentID: 0, start: begin, end: begin + 100, service: shop,
                operation: operation, kind: 3, status: 0, contentHash: 1))
        builder.add(
            SpanDigest(
                trace: trace, spanID: 2, parentID: 1, start: begin, end: begin + 50, service: pay,
                operation: operation, kind: 2, status: 2, contentHash: 2))
        builder.add(
            SpanDigest(
                trace: trace, spanID: 3, parentID: 2, start: begin, end: begin + 20, service: pay,
                operation: operation, kind: 3, status: 0, peer: builder.symbols.intern("postgresql"),
                peerKind: .database, contentHash: 3))
        return builder.summary()
    }

    private static func filter() -> SummaryFilter {
        var filter = SummaryFilter()
        (filter.from, filter.to) = (begin, begin + 10_000_000_000)
        return filter
    }

    private static let head =
        #"{"asOf":"2026-11-27T17:00:00.000Z","from":"2026-11-27T17:00:00.000Z","to":"2026-11-27T17:00:10.000Z","#
        + #""truncated":false,"beyondBounds":0,"relativeError":0.0078125,"#

    @Test("An operation has its figures, exemplars and points")
    func red() {
        var filter = Self.filter()
        (filter.service, filter.kind) = ("pay", 2)
        let text = FiguresJSON.red(Self.summary(), filter, .init(asOf: Self.begin), limit: 10)
        let exemplar = #"{"trace":"00000000000000000000000000000007","duration":50}"#
        let figures = #""count":1,"errors":1,"p50":50,"p95":50,"p99":50"#
        #expect(
            String(decoding: text, as: UTF8.self)
                == Self.head
                + #""step":60,"operations":[{"service":"pay","operation":"POST /pay/{id}","kind":"server","rate":0.1,"#
                + figures + #","slowest":\#(exemplar),"slowestFailed":\#(exemplar),"#
                + #""points":[{"time":"2026-11-27T17:00:00.000Z",\#(figures)}]}]}"#)
    }
}
