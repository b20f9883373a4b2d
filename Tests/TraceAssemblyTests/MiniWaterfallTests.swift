import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite struct MiniWaterfallTests {
    private func bars(_ spans: [SpanValue]) -> [[Int]] {
        MiniWaterfall(assemble(spans, as: sampleTrace)).bars.map {
            [Int($0.offset), Int($0.width), Int($0.step.rawValue), $0.isError ? 1 : 0]
        }
    }

    @Test("The bars are the spans of the critical path and failing ones, in the order of rows")
    func whatMatters() {
        #expect(
            bars([
                sample(1, 1_000_000, 1_001_000),
                // Waits on nothing but its child, which fails beside the path.
                sample(2, under: 1, 1_000_100, 1_000_300),
                sample(3, under: 2, 1_000_100, 1_000_300, error: true),
                sample(4, under: 1, 1_000_100, 1_000_900),
                sample(5, under: 1, 1_000_200, 1_000_250),
            ]) == [[0, 1000, 2, 0], [100, 200, 0, 1], [100, 800, 4, 0]])
    }

    @Test("A span of no length has a bar; a trace of no length has bars of its whole width")
    func noLength() {
        #expect(
            bars([sample(1, 1_000_000, 1_001_000), sample(2, under: 1, 1_001_000, 1_001_000, error: true)])
                == [[0, 1000, 4, 0], [999, 1, 0, 1]])
        #expect(bars([sample(1, 5, 5, error: true)]) == [[0, 1000, 0, 1]])
        #expect(bars([]) == [])
    }

    @Test("Offsets round down and ends round up, so that the shortest spans of the longest trace are seen")
    func rounding() {
        #expect(
            bars([
                sample(1, 1_000_000, 1_000_000 + 1 << 62), sample(2, under: 1, 1_000_001, 1_000_002),
            ]) == [[0, 1000, 4, 0], [0, 1, 0, 0]])
    }

    @Test("Of many spans the 24 slowest are drawn, and failing ones have eight of the places")
    func bound() {
        // One after the other, each a little longer than the one before.
        var start: UInt64 = 1_000_000
        var spans: [SpanValue] = []
        for number in 1...100 {
            spans.append(sample(UInt64(number), start, start + UInt64(number) * 10))
            start += UInt64(number) * 10
        }
        let all = MiniWaterfall(assemble(spans, as: sampleTrace))
        #expect(all.bars.count == MiniWaterfall.maximumBars)
        #expect(all.bars.map(\.width).min()! >= 77 * 10_000 / 50_500)
        for index in 0..<20 { spans[index].status = SpanStatus(.error) }
        let failing = MiniWaterfall(assemble(spans, as: sampleTrace))
        #expect(failing.bars.count == MiniWaterfall.maximumBars)
        #expect(failing.bars.count { $0.isError } == 8)
        #expect(failing.bars.last == all.bars.last)
    }
}
