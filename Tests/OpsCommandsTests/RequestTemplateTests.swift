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
                // A trace lasts ten seconds at most and ended within the last 1.1.
                #expect(span.startUnixNano >= 1_699_999_988_000_000_000)
                #expect(span.endUnixNano > span.startUnixNano)
                #expect(span.endUnixNano <= 1_700_000_000_000_001_000)
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

    @Test("Requests of one run are as varied as spans of many services")
    func varies() throws {
        var template = RequestTemplate(spans: 1_000, spansPerTrace: 8)
        let spans = try (0..<8).flatMap { try decodeSpans(template.request($0, ids: ids, time: 1 << 60).span) }
        #expect(Set(spans.map(\.serviceName)).count == 24)
        #expect(Set(spans.map(\.name)).count > 200)
        #expect(Set(spans.map(\.kind)).count == 5)
        let failed = spans.filter { $0.status.code == .error }.count
        #expect((80...400).contains(failed), "of 8,000 failed \(failed)")
        #expect(spans.filter { !$0.events.isEmpty }.count == failed)
        let users = spans.compactMap { span in span.attributes.first { $0.key == "user.id" }?.value }
        #expect(users.count == 8_000)
        // Each trace has one user.
        #expect((900...1_000).contains(Set(users.map { "\($0)" }).count))
    }

    @Test("A trace larger than a request is sent whole in requests that follow each other")
    func largeTrace() throws {
        var template = RequestTemplate(spans: 100, spansPerTrace: 500)
        #expect((0..<10).map { template.completedTraces(by: $0) } == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
        var spans: [SpanValue] = []
        for number in UInt64(5)..<10 {
            let request = template.request(number, ids: ids, time: 1_700_000_000_000_000_000 + number)
            spans += try decodeSpans(request.span)
        }
        let id = ids.trace(1)
        #expect(Set(spans.map(\.traceID)) == [id])
        #expect(Set(spans.map(\.spanID)) == Set((0..<500).map { ids.span($0, of: id) }))
        let byID = Dictionary(uniqueKeysWithValues: spans.map { ($0.spanID, $0) })
        for span in spans {
            guard let parent = span.parentSpanID else { continue }
            let above = try #require(byID[parent])
            #expect(above.startUnixNano <= span.startUnixNano)
        }
        #expect(spans.filter { $0.parentSpanID == nil }.map(\.spanID) == [ids.span(0, of: id)])
    }

    @Test("A span of a large batch takes about 380 bytes")
    func size() {
        var template = RequestTemplate(spans: 1_000, spansPerTrace: 8)
        let size = template.request(0, ids: ids, time: 0).count
        #expect((340_000...420_000).contains(size))
    }
}
