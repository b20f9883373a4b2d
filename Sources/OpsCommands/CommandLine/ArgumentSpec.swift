/// A word of a command line that is not an option, such as the ID in `hms-ops trace ID`.
package struct ArgumentSpec: Sendable {
    package let name: String
    package let help: String
    package let isRequired: Bool
    /// The words allowed; empty when anything is.
    package let words: [String]

    package init(_ name: String, _ help: String, isRequired: Bool = true, words: [String] = []) {
        self.name = name
        self.help = help
        self.isRequired = isRequired
        self.words = words
    }
}
