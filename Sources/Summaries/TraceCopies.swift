import LargeArrays

/// The spans of one trace, each once: the copy that stands for it, and the one that stood according to earlier segments. Its
/// memory is kept for the next trace.
struct TraceCopies {
    struct Node {
        var now: SpanDigest
        /// Nil where earlier segments have none.
        var before: SpanDigest?
        /// Places of the parents among the nodes: of `now`, and of `before` if that has one that earlier segments hold.
        var parent: Int?
        var parentBefore: Int?
        /// Whether a call from it was received from the other side, too: now, and before.
        var isAnswered = false
        var wasAnswered = false
    }

    /// In rising order of span ids.
    private(set) var nodes: [Node] = []
    /// Nodes that are megabytes.
    private static let many = 1 << 14

    /// - Parameter places: of the trace's spans, those of one id together and in rising order of ids.
    mutating func take(_ places: UnsafeBufferPointer<UInt32>, _ held: UnsafeBufferPointer<HeldSpan>) {
        nodes.removeAll(keepingCapacity: true)
        if places.count >= Self.many, nodes.capacity < places.count { nodes = Array(roomFor: places.count) }
        for place in places { add(held[Int(place)]) }
        for index in nodes.indices {
            let node = nodes[index]
            if let parent = place(of: node.now.parentID, exceptOf: node.now) {
                nodes[index].parent = parent
                if nodes[parent].now.calls(node.now) { nodes[parent].isAnswered = true }
            }
            guard let before = node.before, let parent = place(of: before.parentID, exceptOf: before),
                let parentBefore = nodes[parent].before
            else { continue }
            nodes[index].parentBefore = parent
            if parentBefore.calls(before) { nodes[parent].wasAnswered = true }
        }
    }

    @inline(__always)
    private mutating func add(_ copy: HeldSpan) {
        let span = copy.span
        guard let last = nodes.indices.last, nodes[last].now.spanID == span.spanID else {
            nodes.append(Node(now: span, before: copy.isEarlier ? span : nil))
            return
        }
        if span.stands(over: nodes[last].now) { nodes[last].now = span }
        if copy.isEarlier, nodes[last].before.map({ span.stands(over: $0) }) ?? true { nodes[last].before = span }
    }

    /// A span that names itself has no parent.
    @inline(__always)
    private func place(of id: UInt64, exceptOf span: SpanDigest) -> Int? {
        guard id != 0, id != span.spanID else { return nil }
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low &+ high) &>> 1
            if nodes[middle].now.spanID < id { low = middle &+ 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].now.spanID == id ? low : nil
    }
}
