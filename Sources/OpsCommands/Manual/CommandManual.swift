package import Configuration

/// The manual pages of hms-ops and its commands, from the specs that `--help` is written from.
package enum CommandManual {
    /// Of the program, then of each command.
    package static func pages(_ commands: [CommandSpec]) -> [ManualPage] {
        [program(commands)] + commands.map { page($0, among: commands) }
    }

    package static func program(_ commands: [CommandSpec]) -> ManualPage {
        var page = ManualPage("hms-ops", summary: "see what your services did, and why it took so long")
        page.synopsis("hms-ops", "COMMAND [OPTION…]")
        page.heading("Commands")
        for command in commands { page.definition(command.name, command.summary) }
        page.heading("Options")
        page.definition("--help", "print the list of commands")
        page.definition("--version", "print the version")
        environment(&page)
        exitStatus(&page)
        page.seeAlso(commands.map { "hms-ops-\($0.name)" } + ["hms-sidecar", "hms-collector"])
        return page
    }

    package static func page(_ spec: CommandSpec, among commands: [CommandSpec]) -> ManualPage {
        var page = ManualPage("hms-ops-\(spec.name)", summary: spec.summary)
        page.synopsis("hms-ops \(spec.name)", HelpText.words(spec))
        page.heading("Description")
        page.paragraph(HelpText.sentence(spec.summary))
        for note in spec.notes { page.paragraph(note) }
        if !spec.arguments.isEmpty {
            page.heading("Arguments")
            for argument in spec.arguments { page.definition(argument.name, argument.help) }
        }
        page.heading("Options")
        for option in spec.options {
            page.definition("--" + option.name, value: option.placeholder, HelpText.meaning(option))
        }
        if spec.isPaged { environment(&page) }
        exitStatus(&page)
        if !spec.examples.isEmpty {
            page.heading("Examples")
            for example in spec.examples { page.example(example.line, example.meaning) }
        }
        page.seeAlso(["hms-ops"] + commands.map { "hms-ops-\($0.name)" }.filter { $0 != "hms-ops-\(spec.name)" })
        return page
    }

    private static func environment(_ page: inout ManualPage) {
        page.heading("Environment")
        page.definition(
            "PAGER",
            "shows output that is longer than the screen, if it goes to a terminal; less -RFX where it is not set, "
                + "nothing where it is empty or cat")
        page.definition("NO_COLOR", "no colours, unless --color says otherwise")
        page.definition("COLUMNS, LINES", "the size of the screen, where it is not what the terminal says")
    }

    private static func exitStatus(_ page: inout ManualPage) {
        page.heading("Exit status")
        page.paragraph(HelpText.sentence(ExitCode.explanation))
    }
}
