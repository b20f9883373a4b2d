import OpsCommands
import Testing

@Suite("Help texts")
struct HelpTextTests {
    let plain = TextStyle(isColoured: false)

    @Test("The program's help names every command and the exit codes")
    func programHelp() {
        let text = HelpText.program(OpsProgram.commands.map(\.spec), style: plain)
        for command in OpsProgram.commands { #expect(text.contains("\n  \(command.spec.name) ")) }
        #expect(text.contains("Exit codes: 0 success, 1 the answer is no, 2 it could not be done, 64 wrong usage."))
    }

    @Test(
        "A command's help shows its usage, every option and every example",
        arguments: OpsProgram.commands.map(\.spec.name))
    func commandHelp(name: String) throws {
        let spec = try #require(OpsProgram.commands.first { $0.spec.name == name }).spec
        let text = HelpText.command(spec, style: plain)
        #expect(text.contains("Usage: \(HelpText.usage(spec))\n"))
        for option in spec.options { #expect(text.contains("\n  --\(option.name)")) }
        for example in spec.examples { #expect(text.contains("  \(example.line)\n")) }
        #expect(!spec.summary.hasSuffix("."))
    }

    @Test("No line of any help is wider than 100 columns", arguments: OpsProgram.commands.map(\.spec.name))
    func fitsTheScreen(name: String) throws {
        let spec = try #require(OpsProgram.commands.first { $0.spec.name == name }).spec
        for line in HelpText.command(spec, style: plain).split(separator: "\n") { #expect(line.count <= 100) }
    }

    @Test("Options stand in columns, with value, default and choices")
    func columns() {
        let spec = CommandSpec(
            "paint", "paint a wall", arguments: [ArgumentSpec("WALL", "which one", isRequired: false)],
            options: [
                .value("colour", "NAME", "of the paint", standard: "white", candidates: .words(["white", "red"])),
                .flag("twice", "two coats"),
            ])
        #expect(
            HelpText.command(spec, style: plain) == """
                Paint a wall.

                Usage: hms-ops paint [WALL] [OPTION…]

                Arguments
                  WALL  which one

                Options
                  --colour NAME  of the paint (white, red) [white]
                  --twice        two coats
                  --color WHEN   colours: on a terminal without NO_COLOR, always, or never (auto, always, never)
                                 [auto]
                  --help         print this help

                Exit codes: 0 success, 1 the answer is no, 2 it could not be done, 64 wrong usage.

                """)
    }

    @Test("Colours are escape sequences where wanted and nothing elsewhere")
    func colours() {
        #expect(TextStyle(isColoured: true).bold("x") == "\u{1B}[1mx\u{1B}[0m")
        #expect(plain.bold("x") == "x")
        #expect(!HelpText.program(OpsProgram.commands.map(\.spec), style: plain).contains("\u{1B}"))
    }
}
