/// Where the other span stands, seen from the span in question.
package enum Relation: String, Sendable, Hashable, CaseIterable {
    case parent
    case child
    case ancestor
    case descendant
}
