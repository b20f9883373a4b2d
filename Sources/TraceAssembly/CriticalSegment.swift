/// A stretch of time for which the whole trace waited for one node.
package struct CriticalSegment: Equatable, Sendable {
    /// Index of the node.
    package var node: Int
    package var start: UInt64
    package var end: UInt64

    package init(node: Int, start: UInt64, end: UInt64) {
        self.node = node
        self.start = start
        self.end = end
    }
}
