import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("The critical path is what the trace waited for")
struct CriticalPathTests {
    private func path(_ spans: [SpanValue]) -> [String] {
        let trace = assemble(spans, as: sampleTrace)
        return trace.criticalPath.map { "\(trace.nodes[$0.node].spanID.value): \($0.start)..\($0.end)" }
    }

    @Test("Of children that ran side by side, the one that finished last was waited for")
    func parallel() {
        let spans = [sample(1, 100, 200), sample(2, under: 1, 110, 150), sample(3, under: 1, 110, 190)]
        #expect(path(spans) == ["1: 100..110", "3: 110..190", "1: 190..200"])
    }

    @Test("Children that overlap by a clock's error share the time between them")
    func overlap() {
        let spans = [sample(1, 100, 200), sample(2, under: 1, 100, 151), sample(3, under: 1, 150, 200)]
        #expect(path(spans) == ["2: 100..150", "3: 150..200"])
    }

    @Test("Work that outlives the request comes after it")
    func asynchronousWork() {
        let spans = [
            sample(1, 100, 120), sample(2, under: 1, 105, 115), sample(3, under: 2, 118, 900, kind: .consumer),
        ]
        #expect(path(spans) == ["1: 100..105", "2: 105..115", "1: 115..118", "3: 118..900"])
    }

    @Test("A child that outlives its parent by a clock's error still counts below the parent's parent")
    func outlives() {
        let spans = [sample(1, 100, 200), sample(2, under: 1, 110, 150), sample(3, under: 2, 115, 151)]
        #expect(path(spans) == ["1: 100..110", "2: 110..115", "3: 115..151", "1: 151..200"])
    }

    @Test("Gaps between roots and below placeholders belong to nobody")
    func gaps() {
        let spans = [
            sample(1, 100, 120), sample(2, 150, 160), sample(3, under: 9, 200, 210), sample(4, under: 9, 220, 230),
        ]
        #expect(path(spans) == ["1: 100..120", "2: 150..160", "3: 200..210", "4: 220..230"])
    }

    @Test(
        "The step is the share of the path: 5, 15, 30 and 50 per cent are the bounds",
        arguments: [
            (0, 100, 0), (4, 100, 0), (5, 100, 1), (14, 100, 1), (15, 100, 2), (29, 100, 2), (30, 100, 3), (49, 100, 3),
            (50, 100, 4), (100, 100, 4), (0, 0, 0), (1, 0, 0), (UInt64.max, UInt64.max, 4),
            (UInt64.max / 2, UInt64.max, 3), (UInt64.max / 20, UInt64.max, 0), (UInt64.max / 20 + 1, UInt64.max, 1),
        ] as [(UInt64, UInt64, UInt8)])
    func steps(part: UInt64, whole: UInt64, step: UInt8) {
        #expect(LatencyStep(part: part, whole: whole).rawValue == step)
    }
}
