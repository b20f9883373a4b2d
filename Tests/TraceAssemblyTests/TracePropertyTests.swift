import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("Whatever arrives, the tree holds together")
struct TracePropertyTests {
    /// Spans with every kind of trouble: duplicates, conflicts, rings, missing parents, impossible times.
    func randomSpans(_ generator: inout SeededGenerator) -> [SpanValue] {
        let count = Int.random(in: 0...60, using: &generator)
        let ids = UInt64(Int.random(in: 1...50, using: &generator))
        let odd: [UInt64] = [0, 1, .max, .max - 1, UInt64(Int64.max), 1 << 63]
        let base: UInt64 = Bool.random(using: &generator) ? 1_000 : 1_700_000_000_000_000_000
        func time(_ generator: inout SeededGenerator) -> UInt64 {
            Int.random(in: 0..<12, using: &generator) == 0
                ? odd.randomElement(using: &generator)! : base + UInt64.random(in: 0...500, using: &generator)
        }
        return (0..<count).map { _ in
            let start = time(&generator)
            let usual = start &+ UInt64.random(in: 0...200, using: &generator)
            let end = Int.random(in: 0..<10, using: &generator) == 0 ? time(&generator) : usual
            let parent = UInt64.random(in: 0...(ids + 3), using: &generator)
            return sample(
                UInt64.random(in: 1...ids, using: &generator), under: parent == 0 ? nil : parent, start, end,
                error: Bool.random(using: &generator))
        }
    }

    @Test("The invariants hold for random forests, in any order of arrival", arguments: 0..<400 as Range<UInt64>)
    func invariants(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let spans = randomSpans(&generator)
        let trace = assemble(spans, as: sampleTrace)
        let again = assemble(spans.shuffled(using: &generator), as: sampleTrace)
        #expect(drawing(trace) == drawing(again))
        #expect(trace.summary == again.summary)
        #expect(trace.criticalPath == again.criticalPath)

        // Every span is somewhere, once.
        #expect(Set(trace.nodes.map(\.spanID)).count == trace.nodes.count)
        let shown = Set(trace.nodes.filter { !$0.isMissing }.map(\.spanID))
        #expect(shown == Set(spans.map(\.spanID)))
        #expect(trace.summary.spanCount + trace.summary.duplicateCount + trace.summary.conflictCount == spans.count)

        for (index, node) in trace.nodes.enumerated() {
            if let parent = node.parent {
                #expect(parent < index && index < parent + trace.nodes[parent].subtreeCount)
                #expect(node.depth == trace.nodes[parent].depth + 1)
                let named = node.span?.parentSpanID
                #expect(named == trace.nodes[parent].spanID)
            } else {
                #expect(node.depth == 0)
                let excuse: SpanOddities = [.missing, .selfParent, .cycleCut]
                #expect(node.span?.parentSpanID == nil || !node.oddities.isDisjoint(with: excuse))
            }
            let children = trace.children(of: index)
            #expect(children.count == node.childCount)
            #expect(children.allSatisfy { trace.nodes[$0].parent == index })
            #expect(zip(children, children.dropFirst()).allSatisfy { trace.nodes[$0].start <= trace.nodes[$1].start })
            #expect(node.end >= node.start)
            #expect(node.selfTime <= node.duration)
            #expect(node.criticalTime <= node.duration)
            #expect(node.start >= trace.summary.start && node.end <= trace.summary.end)
        }
        #expect(trace.roots == trace.nodes.indices.filter { trace.nodes[$0].parent == nil })

        var reach = trace.summary.start
        var total: UInt64 = 0
        for segment in trace.criticalPath {
            #expect(segment.start >= reach && segment.end > segment.start && segment.end <= trace.summary.end)
            let node = trace.nodes[segment.node]
            #expect(node.start <= segment.start && segment.end <= node.end)
            reach = segment.end
            total += segment.end - segment.start
        }
        #expect(total == trace.summary.criticalTime)
        #expect(total <= trace.summary.duration)
        #expect(trace.nodes.reduce(0) { $0 + $1.criticalTime } == total)
    }

    @Test(
        "With one root that waits for everything, the critical path is as long as the trace",
        arguments: 0..<50 as Range<UInt64>)
    func fullPath(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var spans = [sample(1, 1_000, 2_000)]
        for id in 2...40 as ClosedRange<UInt64> {
            let above = spans.randomElement(using: &generator)!
            let start = UInt64.random(in: above.startUnixNano...above.endUnixNano, using: &generator)
            let end = UInt64.random(in: start...above.endUnixNano, using: &generator)
            spans.append(sample(id, under: above.spanID.value, start, end))
        }
        let trace = assemble(spans, as: sampleTrace)
        #expect(trace.summary.criticalTime == 1_000)
        // Nothing outlives its parent here, so what lies on the path is the span's own time.
        for node in trace.nodes { #expect(node.criticalTime <= node.selfTime) }
    }

    @Test("A chain of 100,000 spans is a tree of that depth")
    func deepChain() {
        let depth: UInt64 = 100_000
        let spans = (1...depth).map { sample($0, under: $0 == 1 ? nil : $0 - 1, 1_000 + $0, 1_000_000 - $0) }
        let trace = assemble(spans, as: sampleTrace)
        #expect(trace.nodes.count == 100_000)
        #expect(trace.summary.maxDepth == 99_999)
        #expect(trace.nodes[99_999].spanID.value == depth)
        #expect(trace.summary.criticalTime == trace.summary.duration)
        #expect(trace.criticalPath.count == 2 * 100_000 - 1)
    }

    @Test("A chain in which every span outlives the one above costs no more")
    func outlivingChain() {
        let depth: UInt64 = 50_000
        var spans = (1...depth).map { sample($0, under: $0 == 1 ? nil : $0 - 1, 1_000, 1_000_000 - 2 * $0) }
        // Every leaf ends after the whole chain, so each has to look past all of it.
        for id in 1...50_000 as ClosedRange<UInt64> {
            spans.append(sample(depth + id, under: depth, 2_000, 2_000_000 + id))
        }
        let trace = assemble(spans, as: sampleTrace)
        #expect(trace.nodes.count == 100_000)
        #expect(trace.summary.criticalTime == trace.summary.duration)
    }

    @Test("100,000 spans under one parent are a flat tree")
    func wide() {
        var spans = (2...100_001 as ClosedRange<UInt64>).map { sample($0, under: 1, 1_000 + 2 * $0, 1_001 + 2 * $0) }
        spans.append(sample(1, 1_000, 300_000))
        let trace = assemble(spans, as: sampleTrace)
        #expect(trace.nodes[0].childCount == 100_000)
        #expect(trace.nodes[0].selfTime == 299_000 - 100_000)
        #expect(trace.summary.criticalTime == 299_000)
    }
}
