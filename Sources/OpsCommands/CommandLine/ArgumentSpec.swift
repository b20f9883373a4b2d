/// A word of a command line that is not an option, such as the ID in `hms-ops trace ID`.
package struct ArgumentSpec: Sendable {
    package let name: String
    package let help: String
    package let isRequired: Bool
    /// The words allowed; empty when anything is.
    package let words: [String]
    /// Whether more of them may follow; only the last argument of a command can.
    package let repeats: Bool
    /// What a shell offers where any word is allowed.
    package let candidates: OptionSpec.Candidates

    package init(
        _ name: String, _ help: String, isRequired: Bool = true, words: [String] = [], repeats: Bool = false,
        candidates: OptionSpec.Candidates = .nothing
    ) {
        self.name = name
        self.help = help
        self.isRequired = isRequired
        self.words = words
        self.repeats = repeats
        self.candidates = candidates
    }
}
