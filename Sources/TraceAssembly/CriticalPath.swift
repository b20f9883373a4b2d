import LargeArrays

/// Finds what the whole trace waited for, at each instant of it.
///
/// The walk begins at the end of the trace and goes back in time. Where several spans ran, the one that finished last was
/// waited for; within it the same holds for its children, and what no child covers is the span's own. At the start of that
/// span the walk goes on with the one that finished last before, so every instant belongs to one node at most.
///
/// A span waits only for what ended before it did. A child that outlives its parent (work handed to a queue, a reply sent
/// early, clocks that disagree) is therefore counted as a child of the nearest span above that lasts as long as it does,
/// or of the trace itself. Instants at which no span ran, or only a placeholder, belong to nobody.
struct CriticalPath: Sendable {
    /// By time.
    private(set) var segments: [CriticalSegment] = []
    private(set) var total: UInt64 = 0
    /// Of each node.
    private(set) var timeByNode: [UInt64]

    /// The nodes are in depth-first order, so a parent's index is smaller than its children's.
    init(of tree: TraceTree) {
        let nodes = tree.times
        timeByNode = [UInt64](large: 0, count: nodes.count)
        var rows = ChildRows(parents: Self.waitingSpans(for: nodes))

        struct Frame {
            let node: Int32  // SpanForest.none: the trace itself
            let lower: UInt64
            var cursor: UInt64
            /// Children that were not looked at yet.
            var next: Int
            let end: Int
        }
        func frame(_ node: Int32, _ lower: UInt64, _ upper: UInt64) -> Frame {
            let row = node == SpanForest.none ? rows.rootRow : rows.row(of: Int(node))
            // The one that ended last first, then the one that began last. Few nodes of a large trace are on its path.
            rows.sort(row, by: nodes.end, nodes.start, isFalling: true)
            return Frame(node: node, lower: lower, cursor: upper, next: row.lowerBound, end: row.upperBound)
        }
        var stack = [frame(SpanForest.none, tree.extent.start, tree.extent.end)]
        while var top = stack.popLast() {
            var below: Frame?
            while top.cursor > top.lower, top.next < top.end {
                let child = rows.children[top.next]
                top.next += 1
                let lower = max(nodes.start[Int(child)], top.lower)
                let upper = min(nodes.end[Int(child)], top.cursor)
                // A placeholder did not run: what hangs below it counts beside it, so that it hides no span that did.
                guard lower < upper, !nodes.isMissing[Int(child)] else { continue }
                add(top.node, from: upper, to: top.cursor, nodes)
                top.cursor = lower
                below = frame(child, lower, upper)
                break
            }
            guard let below else {
                add(top.node, from: top.lower, to: top.cursor, nodes)
                continue
            }
            stack.append(top)
            stack.append(below)
        }
        segments.reverse()
    }

    private mutating func add(_ node: Int32, from start: UInt64, to end: UInt64, _ nodes: NodeTimes) {
        guard node != SpanForest.none, !nodes.isMissing[Int(node)], start < end else { return }
        segments.append(CriticalSegment(node: Int(node), start: start, end: end))
        total += end - start
        timeByNode[Int(node)] += end - start
    }

    /// For each node, the nearest span above it that ends no earlier; `none` where there is none.
    ///
    /// The answers of the nodes above form a tree along which ends only grow. Each node keeps one long jump in it as well
    /// (a skew-binary skip list), so that an answer takes a number of steps that is logarithmic in the depth.
    private static func waitingSpans(for nodes: NodeTimes) -> [Int32] {
        var waiting = [Int32](large: SpanForest.none, count: nodes.count)
        var jump = [Int32](large: SpanForest.none, count: nodes.count)
        var level = [Int32](large: 0, count: nodes.count)
        func levelOf(_ node: Int32) -> Int32 { node == SpanForest.none ? -1 : level[Int(node)] }

        for index in 0..<nodes.count {
            let end = nodes.end[index]
            var above = nodes.parent[index]
            if above != SpanForest.none, nodes.isMissing[Int(above)] { above = SpanForest.none }
            while above != SpanForest.none, nodes.end[Int(above)] < end {
                let far = jump[Int(above)]
                above = far != SpanForest.none && nodes.end[Int(far)] < end ? far : waiting[Int(above)]
            }
            waiting[index] = above
            level[index] = levelOf(above) + 1
            guard above != SpanForest.none else { continue }
            let far = jump[Int(above)]
            let isEven =
                far != SpanForest.none
                && level[Int(above)] - level[Int(far)] == level[Int(far)] - levelOf(jump[Int(far)])
                && jump[Int(far)] != SpanForest.none
            jump[index] = isEven ? jump[Int(far)] : above
        }
        return waiting
    }
}
