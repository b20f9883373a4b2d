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
            var judge = OutlineJudge(plan, table, view, tokens)
            var found = FrameSet(count: view.frameCount)
            let isIntact = table.forEachTrace { trace in
                guard judge.mayHold(trace, spread) else { return }
                for frame in trace.frames { found.insert(Int(frame)) }
            }
            return isIntact ? found : nil
        }
        return frames ?? nil
    }
}

/// The traces that lie in several segments, roughly: of each it tells, and of a few more. What outlines tell of their spans is
/// right; what they tell of their trees may be wrong, as spans are missing.
struct SpreadTraces {
    private var words: [UInt64]
    private let shift: UInt32

    /// Nil where there are so many that outlines would tell little.
    init?(_ reader: StoreReader) {
        var hashes: [UInt32] = []
        for view in reader.views where view.frameCount > 0 {
            let isKnown: Void? = view.withOutlines { table in table.forEachSpreadTrace { hashes.append($0) } }
            if isKnown == nil { reader.forEachTraceElsewhere(of: view) { hashes.append($0) } }
            guard hashes.count <= Self.maximumCount else { return nil }
        }
        var bits: UInt32 = 10
        while bits < 26, 1 << Int(bits) < hashes.count * 64 { bits += 1 }
        shift = 32 - bits
        words = [UInt64](repeating: 0, count: 1 << Int(bits) / 64)
        for hash in hashes {
            let bit = hash >> shift
            words[Int(bit >> 6)] |= 1 << UInt64(bit & 63)
        }
    }

    private static let maximumCount = 4 << 20

    @inline(__always)
    func mayContain(_ hash: UInt32) -> Bool {
        let bit = hash >> shift
        return words[Int(bit >> 6)] >> UInt64(bit & 63) & 1 == 1
    }
}
