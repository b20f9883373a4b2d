/// What became of one message.
package struct RefiningOutcome: Equatable, Sendable {
    package struct RuleCount: Equatable, Sendable {
        package var rule: String
        package var count: Int
    }

    /// Whether a changed message was written; if not the one that came is to be used.
    package var isChanged = false
    /// Spans that were left out. What is left is what came without them.
    package var sampledOut = 0
    package var sampledOutByRule: [RuleCount] = []
    /// Values in whose place something else stands now.
    package var redactedByRule: [RuleCount] = []

    package init() {}
}
