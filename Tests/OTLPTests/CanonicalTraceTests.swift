import Testing
import TraceModel
import WireFormat

@testable import OTLP

@Suite struct CanonicalTraceTests {
    private func spans(_ count: Int) -> [SpanValue] {
        let resources = [
            ResourceValue([Attribute("service.name", .string("pay"))]),
            ResourceValue([Attribute("service.name", .string("ledger"))], schemaURL: "https://a/1"),
        ]
        let scopes = [ScopeValue("http"), ScopeValue("db", version: "2"), ScopeValue()]
        return (0..<count).map { number in
            SpanValue(
                traceID: TraceID(high: 1, low: 2), spanID: SpanID(value: UInt64(number + 1)), name: "step \(number)",
                startUnixNano: 1_000 + UInt64(number * 7919 % count), endUnixNano: 9_000,
                attributes: [Attribute("number", .int(Int64(number)))], resource: resources[number % 2],
                scope: scopes[number % 3])
        }
    }

    @Test("However spans are ordered, grouped and repeated, the same requests come out")
    func orderDoesNotMatter() throws {
        let spans = spans(60)
        let expected = try CanonicalTrace(OTLPSpanWriter.encode(spans)).requests()
        #expect(expected.count == 1)
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SampleRandom(seed: seed)
            var shuffled = spans + spans.prefix(random.next(below: 30))
            for index in shuffled.indices.reversed() { shuffled.swapAt(index, random.next(below: index + 1)) }
            // In several requests, as they came to the store.
            let cut = random.next(below: shuffled.count)
            let message =
                OTLPSpanWriter.encode(Array(shuffled[..<cut])) + OTLPSpanWriter.encode(Array(shuffled[cut...]))
            let trace = try CanonicalTrace(message)
            #expect(trace.spanCount == 60, "seed \(seed)")
            #expect(try trace.requests() == expected, "seed \(seed)")
        }
        let decoded = try decodeSpans(expected[0])
        #expect(Set(decoded) == Set(spans))
        #expect(decoded.first?.startUnixNano == 1_000)
        // Two resources with three scopes each.
        #expect(expected[0] == (try OTLPCanonicalForm.request(expected[0], kind: .traces)))
    }

    @Test(
        "A large trace becomes requests of bounded size that hold the same spans, and put together are the trace again")
    func cutsLargeTraces() throws {
        let spans = spans(500)
        let whole = try CanonicalTrace(OTLPSpanWriter.encode(spans))
        let parts = try whole.requests(maxBytes: 4_000)
        #expect(parts.count > 5)
        #expect(parts.allSatisfy { $0.count < 4_600 })
        #expect(try parts.flatMap { try decodeSpans($0) }.count == 500)
        #expect(try CanonicalTrace(parts.reversed().flatMap { $0 }).requests() == whole.requests())
        #expect(try CanonicalTrace(parts.reversed().flatMap { $0 }).requests(maxBytes: 4_000) == parts)
    }

    @Test("Unknown fields of resource, scope and span stay where they are; groups that differ in them stay apart")
    func keepsUnknown() throws {
        func message(_ mark: UInt64) -> [UInt8] {
            var writer = ProtobufWriter()
            writer.message(1) { resource in
                resource.varint(900, mark)
                resource.message(2) { scope in
                    scope.message(2) { span in
                        span.bytes(2, [0, 0, 0, 0, 0, 0, 0, 1])
                        span.string(901, "kept")
                        span.bytes(1, [UInt8](repeating: 1, count: 16))
                    }
                    scope.fixed32(902, 7)
                }
            }
            return writer.bytes
        }
        let request = try CanonicalTrace(message(1) + message(2) + message(1)).requests()
        var expected = ProtobufWriter()
        for mark in [1, 2] as [UInt64] {
            expected.message(1) { resource in
                resource.message(2) { scope in
                    scope.message(2) { span in
                        span.bytes(1, [UInt8](repeating: 1, count: 16))
                        span.bytes(2, [0, 0, 0, 0, 0, 0, 0, 1])
                        span.string(901, "kept")
                    }
                    scope.fixed32(902, 7)
                }
                resource.varint(900, mark)
            }
        }
        #expect(request == [expected.bytes])
    }

    @Test("A message without spans is no request")
    func empty() throws {
        #expect(try CanonicalTrace([]).requests() == [])
        #expect(try CanonicalTrace([0x0A, 2, 0x0A, 0]).requests() == [])
    }
}
