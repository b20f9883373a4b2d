import Outlines
import QueryLanguage
import SegmentStore
import SpanTokens
import TraceModel

/// Which frames of sealed segments hold a trace that may satisfy a query, as far as outlines tell: they are read in place, and
/// so in a fraction of the time that the frames would take.
struct OutlineSearch {
    private let plan: SearchPlan
    private let spread: SpreadTraces

    /// Nil where outlines do not help: the query asks nothing that they tell, or too much of what the reader sees has none.
    init?(_ plan: SearchPlan, _ reader: StoreReader) {
        guard plan.asksOutlines, plan.questions.count <= 64,
            // Only trees have to be whole.
            let spread = plan.needsTraces ? SpreadTraces(reader) : SpreadTraces([])
        else { return nil }
        self.plan = plan
        self.spread = spread
    }

    /// Nil for a view without outlines.
    ///
    /// - Parameter tokens: of the plan's questions in the view.
    func frames(of view: SegmentView, tokens: [[UInt64]]) -> FrameSet? {
        let frames = view.withOutlines { table -> FrameSet? in
            guard var judge = OutlineJudge(plan, table, view, tokens) else { return nil }
            var found = FrameSet(count: view.frameCount)
            var trace = table.cursor
            while trace.next(wanted: judge.wanted, required: judge.required, spread: spread) {
                guard judge.mayHold(trace) else { continue }
                found.insert(Int(trace.frame))
                for frame in trace.otherFrames { found.insert(Int(frame)) }
            }
            return trace.isIntact ? found : nil
        }
        return frames ?? nil
    }
}

extension OutlineSearch {
    /// For each span of a large trace, in the order of its tree, whether it satisfies the query; nil where outlines do not tell.
    ///
    /// - Parameter view: the one that holds all of it.
    func verdicts(_ tree: LargeTree, of id: TraceID, in view: SegmentView, tokens: [[UInt64]]) -> [Ternary]? {
        let frames = view.frames(of: id)
        let verdicts = view.withOutlines { table -> [Ternary]? in
            var verdicts: [Ternary]?
            var count = 0
            var trace = table.cursor
            // Whoever chooses ids can make hashes meet: it has to be the only one.
            while trace.next(hash: OutlineHash.of(id), spread: spread) {
                count += 1
                guard count == 1, trace.knowsTree, trace.count == tree.spans.count,
                    [trace.frame] + trace.otherFrames == frames,
                    tree.spans.indices.allSatisfy({ trace.duration($0) == tree.spans[$0].durationCode }),
                    var judge = OutlineJudge(plan, table, view, tokens)
                else { return nil }
                verdicts = judge.verdicts(trace)
            }
            guard trace.isIntact, let verdicts, !verdicts.contains(.open) else { return nil }
            return verdicts
        }
        return verdicts ?? nil
    }
}

extension SpreadTraces {
    /// Nil where there are so many that outlines would tell little.
    fileprivate init?(_ reader: StoreReader) {
        var hashes: [UInt32] = []
        for view in reader.views where view.frameCount > 0 {
            reader.forEachSpreadTrace(of: view) { hashes.append($0) }
            guard hashes.count <= Self.maximumCount else { return nil }
        }
        self.init(hashes)
    }

    private static let maximumCount = 4 << 20
}
