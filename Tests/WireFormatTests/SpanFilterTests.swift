import Testing
import WireFormat

@Suite struct SpanFilterTests {
    private let mine = Sample.span()
    private let other = Sample.span(trace: Sample.otherTraceID)

    /// Keeps the spans of `Sample.traceID`.
    private func filtered(_ bytes: [UInt8]) throws -> (bytes: [UInt8], kept: Int) {
        var output: [UInt8] = []
        let kept = try SpanFilter.copy(bytes, into: &output) { traceID, _ in
            traceID.count == 16 && traceID[0] == Sample.traceID[0]
        }
        return (output, kept)
    }

    @Test("With nothing dropped the copy is the message, byte for byte, even where lengths are written long")
    func keepsAll() throws {
        let long: [UInt8] = [0x8A, 0x80, 0x00, 0x82, 0x00, 0x12, 0x00]  // padded tag and length, an empty ScopeSpans
        let bytes = long + Sample.resourceSpans(service: "a", [mine, mine]) + [0x0A, 0x00] + Sample.field(77, [1, 2])
        let result = try filtered(bytes)
        #expect(result.bytes == bytes)
        #expect(result.kept == 2)
    }

    @Test("Dropped spans are missing, and everything around them stays: resource, scope, order, unknown fields")
    func dropsSpans() throws {
        let unknown = Sample.field(99, [0xFF])
        func message(_ spans: [[UInt8]], _ second: [[UInt8]]) -> [UInt8] {
            let scope = Sample.field(1, Sample.field(1, "lib"))
            return unknown
                + Sample.field(
                    1,
                    Sample.resource(service: "a") + Sample.field(2, scope + Sample.scope(spans) + unknown)
                        + Sample.field(2, Sample.scope(second)) + Sample.field(3, "url") + unknown)
        }
        let result = try filtered(message([other, mine, other, other, mine], [mine, other]))
        #expect(result.bytes == message([mine, mine], [mine]))
        #expect(result.kept == 3)
    }

    @Test("A ResourceSpans or ScopeSpans left without spans is left out")
    func dropsEmptied() throws {
        let bytes =
            Sample.resourceSpans(service: "a", [other]) + Sample.resourceSpans(service: "b", [mine])
            + Sample.field(1, Sample.field(2, Sample.scope([other])) + Sample.field(2, Sample.scope([mine])))
        let expected = Sample.resourceSpans(service: "b", [mine]) + Sample.resourceSpans([mine])
        #expect(try filtered(bytes).bytes == expected)
        #expect(try filtered(Sample.resourceSpans([other])).bytes == [])
    }

    @Test("Lengths that need fewer bytes afterwards are written in fewer")
    func shortensLengths() throws {
        let bytes = Sample.resourceSpans(Array(repeating: other, count: 500) + [mine])
        #expect(try filtered(bytes).bytes == Sample.resourceSpans([mine]))
        let half = Sample.resourceSpans(Array(repeating: [other, mine], count: 500).flatMap { $0 })
        #expect(try filtered(half).bytes == Sample.resourceSpans(Array(repeating: mine, count: 500)))
    }

    @Test("Copies append, and together are one message")
    func concatenates() throws {
        var output: [UInt8] = []
        for _ in 0..<3 {
            let kept = try SpanFilter.copy(Sample.resourceSpans([mine, other]), into: &output) { _, id in
                id.count == 8
            }
            #expect(kept == 2)
        }
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(output, as: .traces)
        #expect(scanner.items == 6)
    }

    @Test("The closure gets ids as they came: missing, short or long")
    func passesRawIDs() throws {
        let spans = [Sample.span(trace: nil, id: [1]), Sample.span(trace: [1, 2, 3], id: nil)]
        var seen: [[Int]] = []
        var output: [UInt8] = []
        _ = try SpanFilter.copy(Sample.resourceSpans(spans), into: &output) { traceID, spanID in
            seen.append([traceID.count, spanID.count])
            return false
        }
        #expect(seen == [[0, 1], [3, 0]])
    }

    @Test("copyValid leaves out exactly what the scanner refuses")
    func copiesValid() throws {
        let badLink = Sample.span(more: Sample.field(13, Sample.field(1, [9])))
        let spans = [mine, Sample.span(trace: nil), Sample.span(id: []), badLink, Sample.span(parent: [1]), other]
        var output: [UInt8] = [7]
        #expect(try SpanFilter.copyValid(Sample.resourceSpans(spans), into: &output) == 2)
        #expect(output == [7] + Sample.resourceSpans([mine, other]))
    }

    @Test("A malformed message throws and leaves the output as it was")
    func throwsOnMalformed() {
        var output: [UInt8] = [1, 2, 3]
        #expect(throws: WireError.self) {
            try SpanFilter.copy((Sample.resourceSpans([mine, other]) + [0x0A, 9]), into: &output) { _, _ in true }
        }
        #expect(output == [1, 2, 3])
    }
}
