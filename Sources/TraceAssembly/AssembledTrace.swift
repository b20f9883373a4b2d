package import TraceModel

/// A trace as a tree, with everything that a view of it needs. Depends on the set of spans alone, never on their order.
package struct AssembledTrace: Sendable {
    package let traceID: TraceID
    /// Depth-first: a parent stands before its children, children by start time (ties by span id).
    package let nodes: [TraceNode]
    /// Indices of the nodes without a parent.
    package let roots: [Int]
    /// The critical path in the order of time. Its stretches never overlap, so it is never longer than the trace.
    package let criticalPath: [CriticalSegment]
    package let summary: TraceSummary

    /// Indices of a node's children.
    package func children(of index: Int) -> [Int] {
        var found: [Int] = []
        let end = index + nodes[index].subtreeCount
        var child = index + 1
        while child < end {
            found.append(child)
            child += nodes[child].subtreeCount
        }
        return found
    }

    /// Indices of the nodes that hold most of the critical path, the slowest first.
    package func slowest(limit: Int) -> [Int] {
        let held = nodes.indices.filter { nodes[$0].criticalTime > 0 }
        let ordered = held.sorted {
            (nodes[$1].criticalTime, $0) < (nodes[$0].criticalTime, $1)
        }
        return Array(ordered.prefix(limit))
    }
}
