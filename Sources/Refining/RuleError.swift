/// Why a rule of the configuration cannot be used: the rule as it was written, and what is wrong with it.
package struct RuleError: Error, Equatable, CustomStringConvertible {
    package let rule: String
    /// Completes the sentence that begins with the rule.
    package let reason: String

    init(_ rule: some StringProtocol, _ reason: String) {
        self.rule = String(rule)
        self.reason = reason
    }

    package var description: String { "'\(rule)' \(reason)" }
}
