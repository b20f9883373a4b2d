import OTLP
import OpsCommands
import Testing
import TraceModel

@Suite("Made-up requests")
struct RequestTemplateTests {
    let ids = LoadIDs(seed: 42)

    @Test(
        "A patched request decodes to whole trees with the ids and times of its number",
        arguments: [0, 1, 77] as [UInt64])
    func decodes(number: UInt64) throws {
        var template = RequestTemplate(spans: 21, spansPerTrace: 8)
        #expect(template.traceSizes == [8, 8, 5])
        let spans = try decodeSpans(template.request(number, ids: ids, time: 1_700_000_000_000_000_000).span)
        #expect(spans.count == 21)
        for (index, trace) in template.traces(of: number, ids: ids).enumerated() {
            #expect(trace.id == ids.trace(number * 3 + UInt64(index)))
            let mine = spans.filter { $0.traceID == trace.id }
            #expect(mine.count == trace.spans)
            #expect(Set(mine.map(\.spanID)) == Set((0..<trace.spans).map { ids.span($0, of: trace.id) }))
            #expect(mine.filter { $0.parentSpanID == nil }.map(\.spanID) == [ids.span(0, of: trace.id)])
            for span in mine {
                #expect(span.startUnixNano >= 1_700_000_000_000_000_000)
                #expect(span.endUnixNano > span.startUnixNano)
                #expect(span.endUnixNano < 1_700_000_001_000_000_000)
                #expect(span.attributes.count == 8)
                if let parent = span.parentSpanID { #expect(mine.contains { $0.spanID == parent }) }
            }
        }
    }

    @Test("Two requests share no trace")
    func differs() {
        let template = RequestTemplate(spans: 100, spansPerTrace: 8)
        let first = Set(template.traces(of: 0, ids: ids).map(\.id))
        let second = Set(template.traces(of: 1, ids: ids).map(\.id))
        #expect(first.count == 13)
        #expect(first.isDisjoint(with: second))
    }

    @Test("A span of a large batch takes about 380 bytes")
    func size() {
        var template = RequestTemplate(spans: 1_000, spansPerTrace: 8)
        let size = template.request(0, ids: ids, time: 0).count
        #expect((340_000...420_000).contains(size))
    }
}
