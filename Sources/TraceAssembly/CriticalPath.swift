/// Finds what the whole trace waited for, at each instant of it.
///
/// The walk begins at the end of the trace and goes back in time. Where several spans ran, the one that finished last was
/// waited for; within it the same holds for its children, and what no child covers is the span's own. At the start of that
/// span the walk goes on with the one that finished last before, so every instant belongs to one node at most.
///
/// A span waits only for what ended before it did. A child that outlives its parent (work handed to a queue, a reply sent
/// early, clocks that disagree) is therefore counted as a child of the nearest span above that lasts as long as it does,
/// or of the trace itself. Instants at which no span ran, or only a placeholder, belong to nobody.
struct CriticalPath {
    /// By time.
    private(set) var segments: [CriticalSegment] = []
    private(set) var total: UInt64 = 0

    /// The nodes are in depth-first order, so a parent's index is smaller than its children's.
    init(of nodes: NodeTimes, from traceStart: UInt64, to traceEnd: UInt64) {
        let rows = ChildRows(
            parents: Self.waitingSpans(for: nodes),
            sortedBy: (0..<nodes.count).map {
                RowKey(primary: ~nodes.end[$0], secondary: ~nodes.start[$0], index: $0)
            })

        struct Frame {
            let node: Int  // SpanForest.none: the trace itself
            let lower: UInt64
            var cursor: UInt64
            var children: ArraySlice<Int>
        }
        var stack = [Frame(node: SpanForest.none, lower: traceStart, cursor: traceEnd, children: rows.roots)]
        while var frame = stack.popLast() {
            var below: Frame?
            while frame.cursor > frame.lower, let child = frame.children.popFirst() {
                let lower = max(nodes.start[child], frame.lower)
                let upper = min(nodes.end[child], frame.cursor)
                // A placeholder did not run: what hangs below it counts beside it, so that it hides no span that did.
                guard lower < upper, !nodes.isMissing[child] else { continue }
                add(frame.node, from: upper, to: frame.cursor, nodes)
                frame.cursor = lower
                below = Frame(node: child, lower: lower, cursor: upper, children: rows.children(of: child))
                break
            }
            guard let below else {
                add(frame.node, from: frame.lower, to: frame.cursor, nodes)
                continue
            }
            stack.append(frame)
            stack.append(below)
        }
        segments.reverse()
    }

    private mutating func add(_ node: Int, from start: UInt64, to end: UInt64, _ nodes: NodeTimes) {
        guard node != SpanForest.none, !nodes.isMissing[node], start < end else { return }
        segments.append(CriticalSegment(node: node, start: start, end: end))
        total += end - start
    }

    /// For each node, the nearest span above it that ends no earlier; `none` where there is none.
    ///
    /// The answers of the nodes above form a tree along which ends only grow. Each node keeps one long jump in it as well
    /// (a skew-binary skip list), so that an answer takes a number of steps that is logarithmic in the depth.
    private static func waitingSpans(for nodes: NodeTimes) -> [Int] {
        var waiting = Array(repeating: SpanForest.none, count: nodes.count)
        var jump = waiting
        var level = Array(repeating: 0, count: nodes.count)
        func levelOf(_ node: Int) -> Int { node == SpanForest.none ? -1 : level[node] }

        for index in 0..<nodes.count {
            let end = nodes.end[index]
            var above = nodes.parent[index]
            if above != SpanForest.none, nodes.isMissing[above] { above = SpanForest.none }
            while above != SpanForest.none, nodes.end[above] < end {
                let far = jump[above]
                above = far != SpanForest.none && nodes.end[far] < end ? far : waiting[above]
            }
            waiting[index] = above
            level[index] = levelOf(above) + 1
            guard above != SpanForest.none else { continue }
            let far = jump[above]
            let isEven =
                far != SpanForest.none
                && level[above] - level[far] == level[far] - levelOf(jump[far])
                && jump[far] != SpanForest.none
            jump[index] = isEven ? jump[far] : above
        }
        return waiting
    }
}
