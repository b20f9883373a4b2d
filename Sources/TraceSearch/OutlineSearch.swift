import Outlines
import QueryLanguage
import SegmentStore
import SpanTokens
import TraceModel

/// Which frames of sealed segments hold a trace that may satisfy a query, and how new it may be, as far as outlines tell: they are
/// read in place, and so in a fraction of the time that the frames would take.
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

    /// When answers in the frames of a view began at the latest.
    enum Newest {
        /// Nobody knows.
        case any
        /// For each frame; 0 where there is no answer.
        case told([UInt64])

        func bound(_ frame: Int) -> UInt64? {
            guard case .told(let bounds) = self else { return .max }
            return frame < bounds.count && bounds[frame] > 0 ? bounds[frame] : nil
        }
    }

    /// Nil for a view without outlines.
    ///
    /// - Parameters:
    ///   - tokens: of the plan's questions in the view.
    ///   - known: finds a large trace that the view holds alone, by its hash, its first frame and the others. Where outlines tell
    ///     all of it that is asked it is judged, and its frames are left out.
    func newest(
        in view: SegmentView, tokens: [[UInt64]], known: (UInt32, UInt32, [UInt32]) -> LargeTraces.Known?
    ) -> (newest: Newest, judged: [(LargeTraces.Known, [Ternary])])? {
        let told = view.withOutlines { table -> (Newest, [(LargeTraces.Known, [Ternary])])? in
            guard var judge = OutlineJudge(plan, table, view, tokens) else { return nil }
            var bounds = [UInt64](repeating: 0, count: view.frameCount)
            var judged: [(LargeTraces.Known, [Ternary])] = []
            var trace = table.cursor
            while trace.next(wanted: judge.wanted, required: judge.required, spread: spread) {
                if !trace.otherFrames.isEmpty, let known = known(trace.hash, trace.frame, trace.otherFrames),
                    known.tree?.isTold(by: trace) == true
                {
                    let verdicts = judge.verdicts(trace)
                    if !verdicts.contains(.open) {
                        judged.append((known, verdicts))
                        continue
                    }
                }
                guard judge.mayHold(trace) else { continue }
                let newest = max(1, trace.newest)
                Self.raise(Int(trace.frame), to: newest, in: &bounds)
                for frame in trace.otherFrames { Self.raise(Int(frame), to: newest, in: &bounds) }
            }
            return trace.isIntact ? (.told(bounds), judged) : nil
        }
        return told ?? nil
    }

    @inline(__always)
    private static func raise(_ frame: Int, to newest: UInt64, in bounds: inout [UInt64]) {
        if frame < bounds.count { bounds[frame] = max(bounds[frame], newest) }
    }
}

extension OutlineSearch {
    /// Whether the outlines of a view tell of a trace's tree, and of no other trace with its hash: whoever chooses ids can make
    /// hashes meet.
    static func knows(_ id: TraceID, in view: SegmentView) -> Bool {
        let knows = view.withOutlines { table in
            let none = SpreadTraces([])
            var count = 0
            var isClosed = true
            var trace = table.cursor
            while trace.next(hash: OutlineHash.of(id), spread: none) {
                count += 1
                isClosed = isClosed && trace.isClosed
            }
            return trace.isIntact && count == 1 && isClosed
        }
        return knows ?? false
    }

    /// For each span of a large trace, in the order of its tree, whether it satisfies the query; nil where outlines do not tell.
    ///
    /// - Parameter view: the one that holds all of it.
    func verdicts(_ tree: LargeTree, of id: TraceID, in view: SegmentView, tokens: [[UInt64]]) -> [Ternary]? {
        let verdicts = view.withOutlines { table -> [Ternary]? in
            var trace = table.cursor
            guard trace.next(hash: OutlineHash.of(id), spread: spread),
                [trace.frame] + trace.otherFrames == view.frames(of: id), tree.isTold(by: trace),
                var judge = OutlineJudge(plan, table, view, tokens)
            else { return nil }
            let verdicts = judge.verdicts(trace)
            return verdicts.contains(.open) ? nil : verdicts
        }
        return verdicts ?? nil
    }
}

extension LargeTree {
    /// Whether the outlines that a cursor stands on are those of the tree.
    func isTold(by trace: borrowing OutlineCursor) -> Bool {
        guard trace.knowsTree, trace.count == spans.count else { return false }
        for (index, span) in spans.enumerated() where trace.duration(index) != span.durationCode { return false }
        return true
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
