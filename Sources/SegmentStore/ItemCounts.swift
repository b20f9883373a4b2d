package import WireFormat

/// Numbers of items by kind.
package struct ItemCounts: Sendable, Equatable {
    package var spans: UInt64 = 0
    package var points: UInt64 = 0
    package var logs: UInt64 = 0

    package init(spans: UInt64 = 0, points: UInt64 = 0, logs: UInt64 = 0) {
        self.spans = spans
        self.points = points
        self.logs = logs
    }

    package mutating func add(_ count: UInt64, of kind: SignalKind) {
        switch kind {
        case .traces: spans &+= count
        case .metrics: points &+= count
        case .logs: logs &+= count
        }
    }

    /// The count of that kind.
    package subscript(kind: SignalKind) -> UInt64 {
        switch kind {
        case .traces: spans
        case .metrics: points
        case .logs: logs
        }
    }

    package static func += (left: inout ItemCounts, right: ItemCounts) {
        left.spans &+= right.spans
        left.points &+= right.points
        left.logs &+= right.logs
    }
}
