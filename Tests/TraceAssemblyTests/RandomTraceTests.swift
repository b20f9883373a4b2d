import Glibc
import OTLP
import Testing
import TraceAssembly
import TraceModel

/// 2,000 random traces for each property, or as many as HMS_RANDOM_TRACES says; a failure names its seed.
@Suite("Random traces keep the promises of assembly")
struct RandomTraceTests {
    static let traces = getenv("HMS_RANDOM_TRACES").flatMap { UInt64(String(cString: $0)) } ?? 2000

    /// Spans of few names and services with every kind of trouble.
    private func randomTrace(_ seed: UInt64) -> (spans: [SpanValue], trace: AssembledTrace) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...24, using: &generator)
        let ids = UInt64(Int.random(in: 1...24, using: &generator))
        let odd: [UInt64] = [0, 1, .max, .max - 1, UInt64(Int64.max), 1 << 63]
        let base: UInt64 = Bool.random(using: &generator) ? 1_000 : 1_700_000_000_000_000_000
        let isOdd = Int.random(in: 0..<3, using: &generator) == 0
        let names = Int.random(in: 1...3, using: &generator)
        func time(_ generator: inout SeededGenerator) -> UInt64 {
            isOdd && Int.random(in: 0..<12, using: &generator) == 0
                ? odd.randomElement(using: &generator)! : base + UInt64.random(in: 0...500, using: &generator)
        }
        let spans = (0..<count).map { _ in
            let start = time(&generator)
            let end =
                Int.random(in: 0..<10, using: &generator) == 0
                ? time(&generator) : start &+ UInt64.random(in: 0...200, using: &generator)
            let parent = Bool.random(using: &generator) ? UInt64.random(in: 0...(ids + 2), using: &generator) : 1
            var span = sample(
                UInt64.random(in: 1...ids, using: &generator), under: parent == 0 ? nil : parent, start, end,
                service: "s\(Int.random(in: 1...names, using: &generator))",
                name: "n\(Int.random(in: 1...names, using: &generator))",
                error: Int.random(in: 0..<3, using: &generator) == 0,
                kind: SpanKind.allCases.randomElement(using: &generator)!)
            if Int.random(in: 0..<6, using: &generator) == 0 { span.status = SpanStatus(.ok) }
            return span
        }
        return (spans, assemble(spans, as: sampleTrace))
    }

    private struct Property {
        let name: String
        let holds: (_ spans: [SpanValue], _ trace: AssembledTrace) -> Bool
    }

    @Test("10,000 traces with every kind of trouble")
    func properties() {
        let properties = [
            Property(name: "every span stands in the tree exactly once", holds: everySpanOnce),
            Property(
                name: "the critical path is no longer than the trace, its stretches disjoint and within their spans",
                holds: criticalPath),
            Property(
                name: "no instant is both on the critical path and uncovered, and none is neither in a trace in order",
                holds: pathAndUncovered),
            Property(name: "self time is the span's time without the union of its children's", holds: selfTime),
            Property(name: "error origins are failing spans without failing children waited for", holds: origins),
        ]
        var failing = properties.map { _ in [UInt64]() }
        var inOrder = 0
        for seed in 0..<Self.traces {
            let (spans, trace) = randomTrace(seed)
            inOrder += isInOrder(trace) ? 1 : 0
            for (place, property) in properties.enumerated() where !property.holds(spans, trace) {
                failing[place].append(seed)
            }
        }
        for (property, seeds) in zip(properties, failing) {
            #expect(seeds.isEmpty, "\(property.name): not for \(seeds.count) seeds, such as \(seeds.prefix(5))")
        }
        #expect(inOrder > 500, "too few traces in order to prove anything")
    }

    private func everySpanOnce(_ spans: [SpanValue], _ trace: AssembledTrace) -> Bool {
        let shown = trace.nodes.filter { !$0.isMissing }
        let variants = shown.flatMap(\.variants)
        let summary = trace.summary
        return Set(trace.nodes.map(\.spanID)).count == trace.nodes.count
            && Set(shown.map(\.spanID)) == Set(spans.map(\.spanID))
            && Set(shown.compactMap(\.span)).union(variants) == Set(spans)
            && shown.reduce(0) { $0 + $1.copies } + variants.count <= spans.count
            && summary.spanCount + summary.duplicateCount + summary.conflictCount == spans.count
    }

    private func criticalPath(_: [SpanValue], _ trace: AssembledTrace) -> Bool {
        var reach = trace.summary.start
        var held = Array(repeating: UInt64(0), count: trace.nodes.count)
        for segment in trace.criticalPath {
            let node = trace.nodes[segment.node]
            guard segment.start >= reach, segment.start < segment.end, !node.isMissing, node.start <= segment.start,
                segment.end <= node.end
            else { return false }
            reach = segment.end
            held[segment.node] += segment.end - segment.start
        }
        return reach <= trace.summary.end && held == trace.nodes.map(\.criticalTime)
            && held.reduce(0, +) == trace.summary.criticalTime
            && trace.summary.criticalTime <= trace.summary.duration
    }

    /// Whether all times are the spans' own and no child begins before its parent.
    private func isInOrder(_ trace: AssembledTrace) -> Bool {
        let excuses: SpanOddities = [.startsBeforeParent, .timeUnset, .timeAbsurd]
        return trace.nodes.allSatisfy { $0.oddities.isDisjoint(with: excuses) }
    }

    private func pathAndUncovered(_: [SpanValue], _ trace: AssembledTrace) -> Bool {
        let covered = length(of: trace.nodes.indices.filter { !trace.nodes[$0].isMissing }, trace)
        let critical = trace.summary.criticalTime
        return TraceColumns(trace).uncovered == trace.summary.duration - covered
            && (isInOrder(trace) ? critical == covered : critical <= covered)
    }

    private func selfTime(_: [SpanValue], _ trace: AssembledTrace) -> Bool {
        trace.nodes.indices.allSatisfy { index in
            let node = trace.nodes[index]
            guard !node.isMissing else { return node.selfTime == 0 }
            let covered = length(of: trace.children(of: index), trace, within: (node.start, node.end))
            return node.selfTime <= node.duration && node.selfTime == node.duration - covered
        }
    }

    private func origins(_: [SpanValue], _ trace: AssembledTrace) -> Bool {
        let columns = TraceColumns(trace)
        let isAsync = columns.skew.isAsync
        let isOrigin = columns.origins(isAsync: isAsync).isOrigin
        return isOrigin.contains(true) == trace.nodes.contains(where: \.isError)
            && trace.nodes.indices.allSatisfy { index in
                !isOrigin[index]
                    || (trace.nodes[index].isError
                        && trace.children(of: index).allSatisfy { !trace.nodes[$0].isError || isAsync[$0] })
            }
    }

    @Test("Where children come one after the other within their parents, self times sum to the length of the trace")
    func sequentialSelfTime() {
        for seed in 0..<Self.traces {
            var generator = SeededGenerator(seed: seed)
            var spans = [sample(1, 1_000, 1_000 + UInt64.random(in: 0...1_000, using: &generator))]
            /// How far each span's time is given to children.
            var given = [spans[0].startUnixNano]
            for id in 2...UInt64.random(in: 2...25, using: &generator) {
                let above = Int.random(in: 0..<spans.count, using: &generator)
                let start = UInt64.random(in: given[above]...spans[above].endUnixNano, using: &generator)
                let end = UInt64.random(in: start...spans[above].endUnixNano, using: &generator)
                given[above] = end
                spans.append(sample(id, under: UInt64(above + 1), start, end))
                given.append(start)
            }
            let trace = assemble(spans.shuffled(using: &generator), as: sampleTrace)
            let total = trace.nodes.reduce(0) { $0 + $1.selfTime }
            if total != trace.summary.duration || trace.nodes.contains(where: { $0.selfTime != $0.criticalTime }) {
                Issue.record("seed \(seed)")
            }
        }
    }

    @Test("Folds cover alike siblings and nothing else, and miss none")
    func folds() {
        var found = 0
        for seed in 0..<Self.traces {
            var generator = SeededGenerator(seed: seed)
            // Wide and of few names, so that runs are long enough.
            let spans = (1...UInt64.random(in: 11...40, using: &generator)).map { id in
                sample(
                    id,
                    under: Int.random(in: 0..<4, using: &generator) == 0
                        ? UInt64.random(in: 1...id, using: &generator) : 1,
                    1_000 + id, 1_000 + id + UInt64.random(in: 0...50, using: &generator),
                    name: Int.random(in: 0..<20, using: &generator) == 0 ? "other" : "same",
                    error: Bool.random(using: &generator))
            }
            let trace = assemble(spans, as: sampleTrace)
            let folds = TraceColumns(trace).folds
            found += folds.count
            if folds != slowFolds(trace) { Issue.record("seed \(seed)") }
        }
        #expect(found > Int(Self.traces) / 2, "too few runs to prove anything")
    }

    // MARK: The same, counted plainly

    /// Length of the union of nodes' times: each stretch between two bounds is looked at by itself.
    private func length(of nodes: [Int], _ trace: AssembledTrace, within: (UInt64, UInt64) = (0, .max)) -> UInt64 {
        let times = nodes.map {
            (min(max(trace.nodes[$0].start, within.0), within.1), min(max(trace.nodes[$0].end, within.0), within.1))
        }
        let bounds = Set(times.flatMap { [$0.0, $0.1] }).sorted()
        return zip(bounds, bounds.dropFirst()).reduce(0) { sum, stretch in
            times.contains { $0.0 <= stretch.0 && stretch.1 <= $0.1 } ? sum + (stretch.1 - stretch.0) : sum
        }
    }

    private func slowFolds(_ trace: AssembledTrace) -> [SiblingFold] {
        func isAlike(_ left: Int, _ right: Int) -> Bool {
            let (left, right) = (trace.nodes[left], trace.nodes[right])
            return !left.isMissing && !right.isMissing && left.serviceName == right.serviceName
                && left.name == right.name
                && left.span?.kind == right.span?.kind
        }
        var folds: [SiblingFold] = []
        for siblings in [trace.roots] + trace.nodes.indices.map({ trace.children(of: $0) }) {
            var rest = siblings[...]
            while let first = rest.first {
                let run = rest.prefix { isAlike(first, $0) }
                rest = rest.dropFirst(max(1, run.count))
                guard run.count >= 10, let last = run.last else { continue }
                let all = first..<last + trace.nodes[last].subtreeCount
                folds.append(
                    SiblingFold(
                        first: first, nodes: all.count, siblings: run.count,
                        errors: all.count { trace.nodes[$0].isError },
                        duration: run.reduce(0) { $0 + trace.nodes[$1].duration }))
            }
        }
        return folds.sorted { $0.first < $1.first }
    }
}
