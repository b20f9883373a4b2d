import Testing
import TraceModel

@testable import Summaries

@Suite("Encoded summaries")
struct EncodingTests {
    private static func sample(seed: UInt64) -> Summary {
        var generator = SeededGenerator(seed: seed)
        return SummaryBuilder.summary(of: SpanStream().spans(traces: 60, using: &generator))
    }

    @Test("One span has the bytes that the grammar says")
    func bytes() {
        let span = SampleSpan(
            trace: TraceID(high: 1, low: 0x0203), spanID: 1, start: SampleSpan.beginning,
            end: SampleSpan.beginning + 200, service: "pay", name: "GET /p", kind: 2, contentHash: 1)
        // Minute 29929980.
        let minute: [UInt8] = [0xFC, 0xE3, 0xA2, 0x0E]
        let expected: [UInt8] =
            [1, 0, 2, 6] + Array("GET /p".utf8) + [3] + Array("pay".utf8)
            + [1, 1, 0, 2, 1] + minute
            // Slowest; sum 200; one bucket, 164 = 64 + 200 / 2; the exemplar.
            + [2, 0x90, 3, 1, 0xC8, 2, 0xC8, 1] + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 3]
            + [0]
        #expect(SummaryBuilder.summary(of: [span]).encode() == expected)
    }

    @Test("What is written is read back, negative figures included", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        let summary = Self.sample(seed: seed)
        let encoded = summary.encode()
        let decoded = try Summary(decoding: encoded.span)
        #expect(decoded.encode() == encoded)
        #expect(SummaryOracle(decoded) == SummaryOracle(summary), "seed \(seed)")
    }

    @Test("Every beginning of a summary, and more than one, is refused")
    func truncated() throws {
        let encoded = Self.sample(seed: 4).encode()
        for length in stride(from: 0, to: encoded.count, by: 7) {
            let part = Array(encoded[..<length])
            #expect(throws: SummaryError.self) { try Summary(decoding: part.span) }
        }
        let more = encoded + [0]
        #expect(throws: SummaryError.damaged(offset: encoded.count, "bytes behind the end")) {
            try Summary(decoding: more.span)
        }
        let newer = [2] + encoded.dropFirst()
        #expect(throws: SummaryError.version(2)) { try Summary(decoding: newer.span) }
    }

    @Test("Whatever bits are changed: refused, or a summary that is written and queried without a trap")
    func damaged() throws {
        let seed: UInt64 = 5
        var generator = SeededGenerator(seed: seed)
        let encoded = Self.sample(seed: seed).encode()
        var accepted = 0
        for _ in 0..<1_000 {
            var bytes = encoded
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] =
                    Bool.random(using: &generator)
                    ? bytes[place] ^ 1 << UInt8.random(in: 0..<8, using: &generator) : 0xFF
            }
            guard var summary = try? Summary(decoding: bytes.span) else { continue }
            accepted += 1
            let again = summary.encode()
            #expect(try Summary(decoding: again.span).encode() == again, "seed \(seed)")
            try summary.merge(summary)
            for report in summary.red(.everything).elements { _ = report.total.durations.percentile(perMille: 990) }
            _ = summary.nodes(.everything)
        }
        #expect(accepted > 0)
    }

    @Test("Counts far beyond the bytes are refused before room is made for them")
    func largeCounts() {
        let large: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
        let inputs: [[UInt8]] = [
            [1, 0] + large, [1, 0, 1] + large, [1, 0, 0] + large, [1, 0, 1, 0, 1, 0, 0, 0] + large,
            [1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0] + large,
        ]
        for input in inputs { #expect(throws: SummaryError.self) { try Summary(decoding: input.span) } }
    }
}
