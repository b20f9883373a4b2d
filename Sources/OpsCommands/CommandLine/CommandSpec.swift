/// What a command is called and what may follow it. Parser, help, manual pages and completions are all read from this.
package struct CommandSpec: Sendable {
    package let name: String
    /// One sentence without a full stop, for the list of commands.
    package let summary: String
    package let arguments: [ArgumentSpec]
    package let options: [OptionSpec]
    /// Paragraphs on what the options do not say, such as what the output means.
    package let notes: [String]
    /// Command lines worth copying, each with what it does.
    package let examples: [(line: String, meaning: String)]
    /// Whether output that is longer than the screen goes through the pager.
    package let isPaged: Bool

    package init(
        _ name: String, _ summary: String, isPaged: Bool = false, arguments: [ArgumentSpec] = [],
        options: [OptionSpec] = [], notes: [String] = [], examples: [(line: String, meaning: String)] = []
    ) {
        self.name = name
        self.summary = summary
        self.isPaged = isPaged
        self.arguments = arguments
        self.options =
            options + (isPaged ? [.flag("no-pager", "print long output as it is, without a pager")] : [])
            + [ColourChoice.option, .flag("help", "print this help")]
        self.notes = notes
        self.examples = examples
    }

    func option(named name: String) -> OptionSpec? {
        options.first { $0.name == name }
    }
}
