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
        guard plan.asksOutlines, plan.questions.count <= 64, let spread = SpreadTraces(reader) else { return nil }
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
        let verdicts = view.withOutlines { table -> [Ternary]? in
            var trace = table.cursor
            guard trace.next(hash: OutlineHash.of(id), count: tree.spans.count, spread: spread),
                tree.spans.indices.allSatisfy({ trace.duration($0) == tree.spans[$0].durationCode }),
                var judge = OutlineJudge(plan, table, view, tokens)
            else { return nil }
            let verdicts = judge.verdicts(trace)
            return verdicts.contains(.open) ? nil : verdicts
        }
        return verdicts ?? nil
    }
}

extension SpreadTraces {
    /// Nil where there are so many that outlines would tell little.
    fileprivate init?(_ reader: StoreReader) {
        var hashes: [UInt32] = []
        for view in reader.views where view.frameCount > 0 {
            let isKnown: Void? = view.withOutlines { table in table.forEachSpreadTrace { hashes.append($0) } }
            if isKnown == nil { reader.forEachTraceElsewhere(of: view) { hashes.append($0) } }
            guard hashes.count <= 4 << 20 else { return nil }
        }
        self.init(hashes)
    }
}
