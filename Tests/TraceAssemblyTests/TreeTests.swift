import OTLP
import Testing
import TraceAssembly
import TraceModel

/// One line for each node: depth as dashes, id, shown times, self time, critical time, step, oddities.
func drawing(_ trace: AssembledTrace) -> [String] {
    trace.nodes.map { node in
        let words = node.oddities.words.isEmpty ? "" : " " + node.oddities.words.joined(separator: ",")
        return String(repeating: "-", count: node.depth) + "\(node.spanID.value) \(node.start)..\(node.end)"
            + " self \(node.selfTime) critical \(node.criticalTime) step \(node.latencyStep.rawValue)" + words
    }
}

@Suite("A trace is put together from its spans")
struct TreeTests {
    @Test("A request through three services becomes one tree, and the slow span alone is hot")
    func normal() {
        let trace = assemble(
            [
                sample(3, under: 2, 30, 90, service: "payments", error: true),
                sample(1, 0 + 10, 110, service: "gateway", name: "GET /pay"),
                sample(2, under: 1, 20, 100, service: "eligibility"),
                sample(4, under: 1, 12, 18, service: "gateway"),
            ], as: sampleTrace)
        #expect(
            drawing(trace) == [
                "1 10..110 self 14 critical 14 step 1",
                "-4 12..18 self 6 critical 6 step 1",
                "-2 20..100 self 20 critical 20 step 2",
                "--3 30..90 self 60 critical 60 step 4",
            ])
        #expect(trace.roots == [0])
        #expect(trace.children(of: 0) == [1, 2])
        #expect(trace.nodes.map(\.subtreeCount) == [4, 1, 2, 1])
        #expect(trace.nodes.map(\.parent) == [nil, 0, 0, 2])
        #expect(trace.slowest(limit: 2) == [3, 2])
        #expect(
            trace.criticalPath == [
                CriticalSegment(node: 0, start: 10, end: 12), CriticalSegment(node: 1, start: 12, end: 18),
                CriticalSegment(node: 0, start: 18, end: 20), CriticalSegment(node: 2, start: 20, end: 30),
                CriticalSegment(node: 3, start: 30, end: 90), CriticalSegment(node: 2, start: 90, end: 100),
                CriticalSegment(node: 0, start: 100, end: 110),
            ])
        let summary = trace.summary
        #expect(summary.rootName == "GET /pay")
        #expect(summary.rootService == "gateway")
        #expect(summary.rootSpanID == SpanID(value: 1))
        #expect((summary.start, summary.end, summary.duration) == (10, 110, 100))
        #expect((summary.spanCount, summary.errorCount, summary.missingCount, summary.maxDepth) == (4, 1, 0, 2))
        #expect(
            summary.services == [
                ServiceShare(name: "gateway", spans: 2, errors: 0),
                ServiceShare(name: "eligibility", spans: 1, errors: 0),
                ServiceShare(name: "payments", spans: 1, errors: 1),
            ])
    }

    @Test("No spans make an empty trace")
    func empty() {
        let trace = assemble([], as: sampleTrace)
        #expect(trace.nodes.isEmpty)
        #expect(trace.criticalPath.isEmpty)
        #expect(trace.summary == TraceSummary(traceID: sampleTrace))
    }

    @Test("A parent that never arrived is a placeholder over all of its children")
    func missingParent() {
        let trace = assemble(
            [sample(5, under: 9, 10, 20), sample(6, under: 9, 30, 50), sample(7, under: 6, 35, 40)], as: sampleTrace)
        #expect(
            drawing(trace) == [
                "9 10..50 self 0 critical 0 step 0 missing",
                "-5 10..20 self 10 critical 10 step 3",
                "-6 30..50 self 15 critical 15 step 4",
                "--7 35..40 self 5 critical 5 step 2",
            ])
        #expect(trace.nodes[0].isMissing)
        #expect((trace.summary.spanCount, trace.summary.missingCount) == (3, 1))
        #expect(trace.summary.rootName == "span-5")
        #expect(trace.summary.criticalTime == 30)
        #expect(trace.summary.duration == 40)
    }

    @Test("A ring of parents is cut at its earliest span")
    func cycle() {
        let trace = assemble(
            [sample(1, under: 3, 30, 40), sample(2, under: 1, 10, 90), sample(3, under: 2, 20, 80)], as: sampleTrace)
        #expect(
            drawing(trace) == [
                "2 10..90 self 20 critical 20 step 2 in-cycle,cycle-cut",
                "-3 20..80 self 50 critical 50 step 4 in-cycle",
                "--1 30..40 self 10 critical 10 step 1 in-cycle",
            ])
        #expect(trace.roots == [0])
    }

    @Test("A span that hangs below a ring keeps its place")
    func tailOfCycle() {
        let trace = assemble(
            [sample(1, under: 2, 10, 40), sample(2, under: 1, 10, 30), sample(3, under: 2, 15, 20)], as: sampleTrace)
        #expect(trace.nodes.map(\.spanID.value) == [1, 2, 3])
        #expect(trace.nodes.map(\.oddities.words) == [["in-cycle", "cycle-cut"], ["in-cycle"], []])
    }

    @Test("A span that is its own parent is a root")
    func selfParent() {
        let trace = assemble([sample(1, under: 1, 10, 20), sample(2, under: 1, 12, 15)], as: sampleTrace)
        #expect(
            drawing(trace) == [
                "1 10..20 self 7 critical 7 step 4 self-parent",
                "-2 12..15 self 3 critical 3 step 3",
            ])
    }

    @Test("Copies of a span are merged and counted; NaN does not make copies differ")
    func duplicates() {
        var span = sample(1, 10, 20)
        span.attributes = [Attribute("ratio", .double(.nan))]
        let trace = assemble([span, span, span], as: sampleTrace)
        #expect(drawing(trace) == ["1 10..20 self 10 critical 10 step 4 duplicate"])
        #expect(trace.nodes[0].copies == 3)
        #expect((trace.summary.spanCount, trace.summary.duplicateCount, trace.summary.conflictCount) == (1, 2, 0))
    }

    @Test("Of spans that share an id and differ, the one that ends last stands in the tree and the others are kept")
    func conflicts() {
        let early = sample(1, 10, 20, name: "unfinished")
        let late = sample(1, 10, 60, name: "finished")
        for spans in [[early, late, early], [late, early, early]] {
            let trace = assemble(spans, as: sampleTrace)
            #expect(drawing(trace) == ["1 10..60 self 50 critical 50 step 4 conflict"])
            #expect(trace.nodes[0].name == "finished")
            #expect(trace.nodes[0].variants.map(\.name) == ["unfinished"])
            #expect((trace.summary.duplicateCount, trace.summary.conflictCount) == (1, 1))
        }
    }

    @Test("Several roots stand side by side in the order of time")
    func twoRoots() {
        let trace = assemble([sample(2, 50, 80), sample(1, 60, 70), sample(3, 10, 30)], as: sampleTrace)
        #expect(
            drawing(trace) == [
                "3 10..30 self 20 critical 20 step 3",
                "2 50..80 self 30 critical 30 step 4",
                "1 60..70 self 10 critical 0 step 0",
            ])
        #expect(trace.roots == [0, 1, 2])
        #expect(trace.summary.rootSpanID == SpanID(value: 3))
    }

    @Test("Children that start together stand in the order of their ids")
    func ties() {
        let trace = assemble(
            [sample(1, 0 + 5, 50), sample(9, under: 1, 10, 20), sample(4, under: 1, 10, 30)], as: sampleTrace)
        #expect(trace.nodes.map(\.spanID.value) == [1, 4, 9])
    }

    @Test("Times that were never set borrow those of the span above and are flagged")
    func zeroTimes() {
        let trace = assemble(
            [sample(1, 100, 200), sample(2, under: 1, 0, 0), sample(3, under: 2, 0, 0), sample(4, under: 1, 150, 0)],
            as: sampleTrace)
        #expect(
            drawing(trace) == [
                "1 100..200 self 100 critical 100 step 4",
                "-2 100..100 self 0 critical 0 step 0 time-unset",
                "--3 100..100 self 0 critical 0 step 0 time-unset",
                "-4 150..150 self 0 critical 0 step 0 time-unset",
            ])
    }

    @Test("A trace in which no time is set has no extent")
    func onlyZeroTimes() {
        let trace = assemble([sample(1, 0, 0), sample(2, under: 1, 0, 0)], as: sampleTrace)
        #expect((trace.summary.start, trace.summary.end, trace.summary.criticalTime) == (0, 0, 0))
        #expect(trace.nodes.count == 2)
    }

    @Test("An end before the start is shown as a moment")
    func endBeforeStart() {
        let trace = assemble([sample(1, 100, 200), sample(2, under: 1, 180, 120)], as: sampleTrace)
        #expect(
            drawing(trace) == [
                "1 100..200 self 100 critical 100 step 4",
                "-2 180..180 self 0 critical 0 step 0 ends-before-start",
            ])
        #expect(trace.nodes[1].span?.endUnixNano == 120)
    }

    @Test(
        "Times that cannot be true do not stretch the trace",
        arguments: [
            (.max, .max, ["time-absurd"]), (UInt64.max, 0, ["time-unset", "time-absurd"]),
            (1, 2, ["time-absurd"]), (0, UInt64.max, ["time-unset", "time-absurd"]),
            (UInt64(Int64.max) + 1, UInt64.max - 1, ["time-absurd"]),
        ] as [(UInt64, UInt64, [String])])
    func absurdTimes(start: UInt64, end: UInt64, words: [String]) {
        let base: UInt64 = 1_700_000_000_000_000_000
        let trace = assemble([sample(1, base, base + 100), sample(2, under: 1, start, end)], as: sampleTrace)
        #expect((trace.summary.start, trace.summary.end) == (base, base + 100))
        #expect((trace.nodes[1].start, trace.nodes[1].end) == (base, base))
        #expect(trace.nodes[1].oddities.words == words)
    }

    @Test("An end in the far future leaves the start usable")
    func absurdEnd() {
        let trace = assemble([sample(1, 100, 200), sample(2, under: 1, 150, UInt64.max)], as: sampleTrace)
        #expect((trace.nodes[1].start, trace.nodes[1].end) == (150, 150))
        #expect(trace.summary.end == 200)
    }

    @Test("Clocks that disagree are flagged on the child")
    func skew() {
        let trace = assemble([sample(1, 100, 200), sample(2, under: 1, 90, 210)], as: sampleTrace)
        #expect(trace.nodes[1].oddities.words == ["starts-before-parent", "ends-after-parent"])
        #expect((trace.summary.start, trace.summary.end) == (90, 210))
        #expect(trace.nodes[0].selfTime == 0)
    }

    @Test("Spans of another trace are left out and counted")
    func foreign() {
        var other = sample(2, 1, 2)
        other.traceID = TraceID(high: 1, low: 1)
        let trace = assemble([sample(1, 10, 20), other], as: sampleTrace)
        #expect(trace.nodes.count == 1)
        #expect(trace.summary.foreignCount == 1)
    }

    @Test("Overlapping children are subtracted from their parent once")
    func overlappingChildren() {
        let trace = assemble(
            [
                sample(1, 100, 200), sample(2, under: 1, 110, 150), sample(3, under: 1, 120, 140),
                sample(4, under: 1, 145, 160), sample(5, under: 1, 190, 250),
            ], as: sampleTrace)
        #expect(trace.nodes[0].selfTime == 100 - 50 - 10)
    }
}
