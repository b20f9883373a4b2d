package import Summaries

/// How one node reaches another.
package enum GraphEdgeKind: UInt8, Sendable, CaseIterable {
    case call = 0
    case message
    case database
    case queue
    case host
    /// A span names another one as something that it has to do with.
    case link

    package init(_ kind: CallKind) {
        switch kind {
        case .call: self = .call
        case .message: self = .message
        case .database: self = .database
        case .queue: self = .queue
        case .host: self = .host
        }
    }

    /// What stands at its end.
    package var ending: GraphNodeKind {
        switch self {
        case .call, .message, .link: .service
        case .database: .database
        case .queue: .queue
        case .host: .host
        }
    }

    /// Whether who stands at its beginning waits for its end.
    var isWaitedFor: Bool {
        switch self {
        case .call, .database, .host, .queue: true
        case .message, .link: false
        }
    }
}

/// An edge of the graph; it begins at a service.
package struct GraphEdgeID: Sendable, Hashable {
    package let from: GraphNodeID
    package let to: GraphNodeID
    package let kind: GraphEdgeKind

    package init(from: String, to: String, _ kind: GraphEdgeKind) {
        (self.from, self.to) = (GraphNodeID(.service, from), GraphNodeID(kind.ending, to))
        self.kind = kind
    }
}

extension GraphEdgeID: Comparable {
    package static func < (left: GraphEdgeID, right: GraphEdgeID) -> Bool {
        if left.from != right.from { return left.from < right.from }
        if left.to != right.to { return left.to < right.to }
        return left.kind.rawValue < right.kind.rawValue
    }
}
