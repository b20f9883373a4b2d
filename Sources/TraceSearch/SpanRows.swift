import QueryLanguage
import SegmentStore
import SpanTokens
import TraceModel

/// What tokens tell of the spans in frames that were read, so that what a query asks of several spans of a trace is mostly
/// decided without reading the trace itself. Bounded: of frames that are asked for again and were forgotten, it asks anew.
package struct SpanRows {
    private struct Row {
        var trace: TraceID
        var id: UInt64
        /// 0 for a root.
        var parent: UInt64
        var start: UInt64
        var end: UInt64
        /// 0 where there is no name.
        var service: UInt64
        var isError: Bool
        /// A bit for each question.
        var answers: UInt64
    }

    private let plan: SearchPlan
    private var frames: [RecordPosition: Frame] = [:]
    /// In the order in which they came.
    private var order: [RecordPosition] = []
    private var rowCount = 0
    private var open: [Row] = []

    /// About 10 MB.
    private static let maximumRows = 100_000
    /// A trace in more frames is read.
    package static let maximumFrames = 16

    /// Nil where the spans of a trace tell no more than each by itself, or are too much to keep.
    static let maximumTreeRows = 4096

    init?(_ plan: SearchPlan) {
        guard plan.needsTraces, plan.questions.count <= 64 else { return nil }
        self.plan = plan
    }

    // MARK: Filling

    func holds(_ frame: RecordPosition) -> Bool { frames[frame] != nil }

    /// A span of the frame that is finished next.
    mutating func add(_ facts: SpanFacts, _ answers: (Int) -> Bool) {
        var bits: UInt64 = 0
        for question in plan.questions.indices where answers(question) { bits |= 1 << UInt64(question) }
        open.append(
            Row(
                trace: TraceID(high: facts.traceHigh, low: facts.traceLow), id: facts.spanID, parent: facts.parentID,
                start: facts.start, end: facts.end, service: facts.service.isEmpty ? 0 : facts.serviceHash | 1,
                isError: facts.status == 2, answers: bits))
    }

    mutating func finish(_ frame: RecordPosition) {
        while rowCount + open.count > Self.maximumRows, !order.isEmpty {
            rowCount -= frames.removeValue(forKey: order.removeFirst())?.rows.count ?? 0
        }
        rowCount += open.count
        frames[frame] = Frame(open)
        order.append(frame)
        open = []
    }

    // MARK: Asking

    /// Of each trace with spans in the frame, the newest before `upper` that may satisfy the query.
    func candidates(in frame: RecordPosition, before upper: TraceKey) -> [TraceKey] {
        var found: [TraceKey] = []
        for row in frames[frame]?.rows ?? [] {
            let key = TraceKey(start: row.start, id: row.trace)
            guard key < upper else { continue }
            // Neighbours are often of one trace.
            if let last = found.last, last.id == key.id {
                if last < key, plan.judge(RowAlone(row: row)).some { found[found.count - 1] = key }
            } else if plan.judge(RowAlone(row: row)).some {
                found.append(key)
            }
        }
        return found
    }

    /// Whether a trace of which all spans lie in these frames may satisfy the query. True where rows do not tell.
    func mayHold(_ trace: TraceID, in positions: [RecordPosition]) -> Bool {
        var rows: [Row] = []
        for position in positions {
            guard let frame = frames[position] else { return true }
            frame.appendRows(of: trace, to: &rows)
        }
        rows.sort { $0.id < $1.id }
        let isOneSegment = positions.allSatisfy { $0.segment == positions[0].segment }
        // The steps of a tree may grow with the square of its rows.
        guard rows.count <= Self.maximumTreeRows, let tree = Tree(rows, plan, isOneSegment: isOneSegment) else {
            return true
        }
        return rows.indices.contains { index in
            plan.judge(RowInTree(row: rows[index], tree: tree, index: index)).some
        }
    }

    // MARK: Rows

    /// The rows of one frame, in which those of one trace are found.
    private struct Frame {
        let rows: [Row]
        /// The last row of each bucket of traces, and the one before each row; -1 at the end.
        private var last: [Int32]
        private var before: [Int32] = []

        init(_ rows: [Row]) {
            self.rows = rows
            var buckets = 1
            while buckets < rows.count { buckets *= 2 }
            last = Array(repeating: -1, count: buckets)
            before.reserveCapacity(rows.count)
            for (index, row) in rows.enumerated() {
                let bucket = Self.hash(row.trace) & (buckets - 1)
                before.append(last[bucket])
                last[bucket] = Int32(truncatingIfNeeded: index)
            }
        }

        /// Salted by the process: senders choose ids.
        private static func hash(_ trace: TraceID) -> Int { trace.hashValue & .max }

        func appendRows(of trace: TraceID, to found: inout [Row]) {
            var index = last[Self.hash(trace) & (last.count - 1)]
            while index >= 0 {
                if rows[Int(index)].trace == trace { found.append(rows[Int(index)]) }
                index = before[Int(index)]
            }
        }
    }

    private struct RowAlone: SearchFacts {
        let row: Row

        func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood {
            Likelihood(row.answers >> UInt64(question) & 1 == 1)
        }
        func started(_ range: ClosedRange<UInt64>) -> Likelihood { Likelihood(range.contains(row.start)) }
        func lasted(_ range: ClosedRange<UInt64>) -> Likelihood {
            Likelihood(range.contains(row.end > row.start ? row.end - row.start : 0))
        }
        func isOf(_ trace: TraceID) -> Likelihood { Likelihood(trace == row.trace) }
        func related(_ relation: Int) -> Likelihood { .open }
        func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood { .open }
    }

    private struct RowInTree: SearchFacts {
        let row: Row
        let tree: Tree
        let index: Int

        func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood {
            RowAlone(row: row).has(question, subject)
        }
        func started(_ range: ClosedRange<UInt64>) -> Likelihood { RowAlone(row: row).started(range) }
        func lasted(_ range: ClosedRange<UInt64>) -> Likelihood { RowAlone(row: row).lasted(range) }
        func isOf(_ trace: TraceID) -> Likelihood { RowAlone(row: row).isOf(trace) }
        func related(_ relation: Int) -> Likelihood { tree.related[relation][index] }
        func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood { tree.ofTrace(test) }
    }

    // MARK: A trace

    /// A trace of which nothing is strange: each id once, each parent there, no ring.
    private struct Tree {
        private let rows: [Row]
        // Known once, as each span asks for them.
        private let errorCount: UInt64
        /// Nil where hashes of names differ by segment.
        private let serviceCount: UInt64?
        /// Nil where a time is strange: assembly knows what to make of it.
        private let times: ClosedRange<UInt64>?
        /// By place among the rows; nil for a root.
        private let parents: [Int?]
        /// For each relation, of each row.
        private(set) var related: [[Likelihood]] = []
        private let root: Row?

        init?(_ rows: [Row], _ plan: SearchPlan, isOneSegment: Bool) {
            for index in rows.indices.dropFirst() where rows[index].id == rows[index - 1].id { return nil }
            var parents: [Int?] = []
            parents.reserveCapacity(rows.count)
            for row in rows {
                guard row.parent != 0 else {
                    parents.append(nil)
                    continue
                }
                guard row.parent != row.id, let place = Self.place(of: row.parent, in: rows) else { return nil }
                parents.append(place)
            }
            guard !Self.hasRing(parents) else { return nil }
            self.rows = rows
            errorCount = UInt64(rows.count { $0.isError })
            serviceCount = isOneSegment ? UInt64(Set(rows.map(\.service)).subtracting([0]).count) : nil
            times = Self.times(of: rows)
            self.parents = parents
            let roots = rows.filter { $0.parent == 0 }
            root = roots.count == 1 ? roots.first : nil
            for (relation, inner) in plan.relations {
                let judged = rows.indices.map { index in
                    plan.judge(inner, RowInTree(row: rows[index], tree: self, index: index))
                }
                related.append(relate(relation, judged))
            }
        }

        private static func place(of id: UInt64, in rows: [Row]) -> Int? {
            var (low, high) = (0, rows.count)
            while low < high {
                let middle = low + (high - low) / 2
                if rows[middle].id < id { low = middle + 1 } else { high = middle }
            }
            return low < rows.count && rows[low].id == id ? low : nil
        }

        private static func hasRing(_ parents: [Int?]) -> Bool {
            // The walk that came by; a walk that meets itself went round.
            var walks = [Int](repeating: -1, count: parents.count)
            for start in parents.indices {
                var next: Int? = start
                while let index = next, walks[index] < 0 {
                    walks[index] = start
                    next = parents[index]
                }
                if let index = next, walks[index] == start { return true }
            }
            return false
        }

        /// From what holds for each row itself, what holds for those that it is related to.
        private func relate(_ relation: Relation, _ judged: [Likelihood]) -> [Likelihood] {
            var result = [Likelihood](repeating: Likelihood(false), count: judged.count)
            func add(_ likelihood: Likelihood, to index: Int) {
                result[index] = result[index].or(likelihood)
            }
            for index in judged.indices {
                switch relation {
                case .parent: if let parent = parents[index] { add(judged[parent], to: index) }
                case .child: if let parent = parents[index] { add(judged[index], to: parent) }
                case .ancestor:
                    var next = parents[index]
                    while let above = next, !result[index].all {
                        add(judged[above], to: index)
                        next = parents[above]
                    }
                case .descendant:
                    var next = judged[index].some ? parents[index] : nil
                    while let above = next {
                        add(judged[index], to: above)
                        next = parents[above]
                    }
                }
            }
            return result
        }

        func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood {
            switch test {
            case .hasError(let wanted): return Likelihood((errorCount > 0) == wanted)
            case .root(let question): return root.map { RowAlone(row: $0).has(question, .other) } ?? .open
            case .counts(let property, let range):
                switch property {
                case .spanCount: return Likelihood(range.contains(UInt64(rows.count)))
                case .errorCount: return Likelihood(range.contains(errorCount))
                case .serviceCount: return serviceCount.map { Likelihood(range.contains($0)) } ?? .open
                case .duration: return times.map { Likelihood(range.contains($0.upperBound - $0.lowerBound)) } ?? .open
                case .start: return times.map { Likelihood(range.contains($0.lowerBound)) } ?? .open
                case .rootName, .rootService, .hasError: return .open
                }
            }
        }

        private static func times(of rows: [Row]) -> ClosedRange<UInt64>? {
            var (first, last): (UInt64, UInt64) = (.max, 0)
            for row in rows {
                guard TraceTimes.usual.contains(row.start), TraceTimes.usual.contains(row.end), row.end >= row.start
                else { return nil }
                (first, last) = (min(first, row.start), max(last, row.end))
            }
            return first <= last ? first...last : nil
        }
    }
}
