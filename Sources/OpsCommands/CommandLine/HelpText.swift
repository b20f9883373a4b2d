/// What `--help` prints. Pure: a spec goes in, text comes out.
package enum HelpText {
    /// Help of the program as a whole.
    package static func program(_ commands: [CommandSpec], style: TextStyle) -> String {
        let rows = commands.map { (left: $0.name, right: $0.summary) }
        return """
            hms-ops: see what your services did, and why it took so long.

            \(style.bold("Usage:")) hms-ops COMMAND [OPTION…]

            \(style.bold("Commands"))
            \(table(rows))

            \(style.bold("Options"))
            \(table([("--help", "print this help"), ("--version", "print the version")]))

            hms-ops COMMAND --help tells more about one command.
            Exit codes: \(ExitCode.explanation).

            """
    }

    /// Help of one command.
    package static func command(_ spec: CommandSpec, style: TextStyle) -> String {
        var text = "\(sentence(spec.summary))\n\n\(style.bold("Usage:")) \(usage(spec))\n"
        if !spec.arguments.isEmpty {
            text += "\n\(style.bold("Arguments"))\n"
            text += table(spec.arguments.map { ($0.name, $0.help) }) + "\n"
        }
        text += "\n\(style.bold("Options"))\n" + table(spec.options.map(row)) + "\n"
        for note in spec.notes { text += "\n" + wrap(note, width: 100).joined(separator: "\n") + "\n" }
        if !spec.examples.isEmpty {
            text += "\n\(style.bold("Examples"))\n"
            for example in spec.examples { text += "  \(example.line)\n      \(example.meaning)\n" }
        }
        return text + "\nExit codes: \(ExitCode.explanation).\n"
    }

    /// One line that shows the shape of a command line.
    package static func usage(_ spec: CommandSpec) -> String { "hms-ops \(spec.name) \(words(spec))" }

    /// What follows the command's name.
    static func words(_ spec: CommandSpec) -> String {
        let arguments = spec.arguments.map { argument in
            let name = argument.name + (argument.repeats ? "…" : "")
            return argument.isRequired ? name : "[\(name)]"
        }
        return (arguments + ["[OPTION…]"]).joined(separator: " ")
    }

    private static func row(_ option: OptionSpec) -> (left: String, right: String) {
        ("--" + option.name + (option.placeholder.map { " " + $0 } ?? ""), meaning(option))
    }

    /// What an option does, what it takes, and what holds without it.
    static func meaning(_ option: OptionSpec) -> String {
        var notes = ""
        if case .words(let words) = option.candidates { notes += " (\(words.joined(separator: ", ")))" }
        if let standard = option.standard { notes += " [\(standard)]" }
        if option.repeats { notes += "; may be given again" }
        return option.help + notes
    }

    static func sentence(_ summary: String) -> String {
        summary.prefix(1).uppercased() + summary.dropFirst() + "."
    }

    /// Two columns; the right one is wrapped at 100 characters.
    private static func table(_ rows: [(left: String, right: String)]) -> String {
        let indent = min(28, (rows.map(\.left.count).max() ?? 0) + 4)
        return rows.map { row in
            var lines = wrap(row.right, width: 100 - indent)
            let left = "  " + row.left
            let head =
                left.count + 1 < indent
                ? left + String(repeating: " ", count: indent - left.count) + lines.removeFirst() : left
            let margin = String(repeating: " ", count: indent)
            return ([head] + lines.map { margin + $0 }).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func wrap(_ text: String, width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines.count - 1
            if lines[last].isEmpty {
                lines[last] = String(word)
            } else if lines[last].count + 1 + word.count <= width {
                lines[last] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
