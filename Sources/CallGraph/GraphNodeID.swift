/// What a node of the graph is: a service, or what services call and that sends no spans itself.
package enum GraphNodeKind: UInt8, Sendable, CaseIterable {
    case service = 0
    case database
    case queue
    case host
}

/// A node of the graph. A database may have the name of a service: the kind belongs to it.
package struct GraphNodeID: Sendable {
    package let kind: GraphNodeKind
    package let name: String

    package init(_ kind: GraphNodeKind, _ name: String) { (self.kind, self.name) = (kind, name) }

    /// As the API names it.
    package var text: String { "\(kind):\(name)" }
}

/// Names are the same when their bytes are; Swift would take two spellings of an é for one.
extension GraphNodeID: Hashable {
    package static func == (left: GraphNodeID, right: GraphNodeID) -> Bool {
        left.kind == right.kind && left.name.utf8.elementsEqual(right.name.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        for byte in name.utf8 { hasher.combine(byte) }
    }
}

/// Services first, those of one kind by the bytes of their names.
extension GraphNodeID: Comparable {
    package static func < (left: GraphNodeID, right: GraphNodeID) -> Bool {
        if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}
