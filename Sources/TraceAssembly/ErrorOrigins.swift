/// Which failing spans explain the failures of a trace: the deepest ones that a failure above can be traced to.
///
/// A failure passes from a span to its parent when the parent fails too, and through spans that do not tell how they
/// ended (`isSilent`): those lie between an error and its report on most traces. Followed down from a failing span, the
/// last failing ones are its origins; a failing span that none reaches is its own.
///
/// - A failing child below a parent that succeeded was handled there. Where something above that parent fails as well, the
///   child is no origin, as that failure has another reason. Where nothing above fails it is marked all the same: nothing
///   else explains this error.
/// - Nobody waits for an async child, so its failure explains none above it: it is judged like a root.
///
/// So every trace with a failing span has an origin, and no origin has a failing child other than async ones. Takes n steps.
package struct ErrorOrigins: Sendable {
    package let isOrigin: [Bool]

    /// One entry for each node in depth-first order in every column.
    /// - Parameters:
    ///   - parent: -1 for a root, otherwise smaller than the node's own index.
    ///   - isSilent: a placeholder, or a span of kind internal or unspecified whose status is not set. (Instrumentation of
    ///     calls and messages reports failures, so a server or client span without an error succeeded.)
    ///   - isAsync: as `ClockSkew.isAsync`.
    package init(parent: [Int32], isError: [Bool], isSilent: [Bool], isAsync: [Bool]) {
        let count = parent.count
        var isReached = Array(repeating: false, count: count)
        for node in (0..<count).reversed() where isError[node] || (isSilent[node] && isReached[node]) {
            if parent[node] >= 0, !isAsync[node] { isReached[Int(parent[node])] = true }
        }
        var hasFailureAbove = Array(repeating: false, count: count)
        /// Whether a span that succeeded stands between this one and a failure above.
        var isHandled = hasFailureAbove
        var isOrigin = hasFailureAbove
        for node in 0..<count {
            if parent[node] >= 0, !isAsync[node] {
                let above = Int(parent[node])
                hasFailureAbove[node] = isError[above] || hasFailureAbove[above]
                isHandled[node] = isError[above] || isSilent[above] ? isHandled[above] : hasFailureAbove[above]
            }
            isOrigin[node] = isError[node] && !isReached[node] && !isHandled[node]
        }
        self.isOrigin = isOrigin
    }
}
