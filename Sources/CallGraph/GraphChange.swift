/// What became of a node or an edge from one time to another, the gravest first.
package enum GraphChange: String, Sendable, CaseIterable, Comparable {
    case gone
    case new
    case moreErrors = "more-errors"
    case slower
    case fewerErrors = "fewer-errors"
    case faster
    case same

    private var rank: Int {
        switch self {
        case .gone: 0
        case .new: 1
        case .moreErrors: 2
        case .slower: 3
        case .fewerErrors: 4
        case .faster: 5
        case .same: 6
        }
    }

    package static func < (left: GraphChange, right: GraphChange) -> Bool { left.rank < right.rank }
}
