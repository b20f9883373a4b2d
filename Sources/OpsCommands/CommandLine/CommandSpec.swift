/// What a command is called and what may follow it. Parser, help and completions are all read from this.
package struct CommandSpec: Sendable {
    package let name: String
    /// One sentence without a full stop, for the list of commands.
    package let summary: String
    package let arguments: [ArgumentSpec]
    package let options: [OptionSpec]
    /// Command lines worth copying, each with what it does.
    package let examples: [(line: String, meaning: String)]

    package init(
        _ name: String, _ summary: String, arguments: [ArgumentSpec] = [], options: [OptionSpec] = [],
        examples: [(line: String, meaning: String)] = []
    ) {
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.options = options + [.flag("help", "print this help")]
        self.examples = examples
    }

    func option(named name: String) -> OptionSpec? {
        options.first { $0.name == name }
    }
}
