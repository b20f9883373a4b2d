import LargeArrays

/// A run of alike siblings, one after the other, that a view can draw as one row: "×120 SELECT …".
package struct SiblingFold: Equatable, Sendable {
    /// Index of the first sibling; the run is `first ..< first + nodes`.
    package var first: Int
    /// The siblings and everything below them.
    package var nodes: Int
    package var siblings: Int
    /// Failing spans among all of these nodes, so that a fold hides none.
    package var errors: Int
    /// Of the siblings together; not the time from the first to the last.
    package var duration: UInt64

    package init(first: Int, nodes: Int, siblings: Int, errors: Int, duration: UInt64) {
        self.first = first
        self.nodes = nodes
        self.siblings = siblings
        self.errors = errors
        self.duration = duration
    }
}

/// Finds all runs of alike siblings in a trace, also those within others. Takes n steps.
package enum SiblingFolds {
    /// Shorter runs are drawn in full.
    package static let leastSiblings = 10
    /// The key of nodes that are never folded, such as placeholders.
    package static let unlike = UInt32.max

    /// One entry for each node in depth-first order in every column. The answer is in the order of `first`.
    /// - Parameters:
    ///   - parent: -1 for a root.
    ///   - key: equal for nodes of the same service, name and kind.
    package static func find(
        parent: [Int32], subtreeCount: [Int32], key: [UInt32], duration: [UInt64], isError: [Bool]
    ) -> [SiblingFold] {
        let count = parent.count
        var folds: [SiblingFold] = []
        /// Nodes that belong to the run of a sibling before them.
        var isTaken = Array(large: false, count: count)
        /// How many nodes before each one fail.
        var failing = [Int32](large: 0, count: count + 1)
        for node in 0..<count { failing[node + 1] = failing[node] + (isError[node] ? 1 : 0) }

        for first in 0..<count where !isTaken[first] && key[first] != unlike {
            var run = SiblingFold(first: first, nodes: 0, siblings: 0, errors: 0, duration: 0)
            var sibling = first
            // The node behind a subtree is a sibling when it has the same parent.
            while sibling < count, parent[sibling] == parent[first], key[sibling] == key[first] {
                isTaken[sibling] = true
                run.siblings += 1
                let (sum, overflow) = run.duration.addingReportingOverflow(duration[sibling])
                run.duration = overflow ? .max : sum
                sibling += Int(max(1, subtreeCount[sibling]))
            }
            guard run.siblings >= leastSiblings else { continue }
            let end = min(sibling, count)
            run.nodes = end - first
            run.errors = Int(failing[end] - failing[first])
            folds.append(run)
        }
        return folds
    }
}
