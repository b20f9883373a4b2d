import Configuration
import Testing

@Suite struct ArgumentTests {
    @Test("Flags may have their value after a blank or after an equals sign")
    func values() throws {
        let arguments = try ProgramArguments(["--config", "a.conf", "--set", "a.b=c=d", "--set=x.y=", "--check"])
        #expect(arguments.configurationFile == "a.conf")
        #expect(arguments.overrides == ["a.b=c=d", "x.y="])
        #expect(arguments.action == .check)
        #expect(try ProgramArguments(["--config=b"]).configurationFile == "b")
        #expect(try ProgramArguments([String]()).action == .run)
    }

    @Test("Help wins over version, version over check")
    func actions() throws {
        #expect(try ProgramArguments(["--check", "--version"]).action == .version)
        #expect(try ProgramArguments(["--version", "-h"]).action == .help)
    }

    @Test(
        "Mistakes are named",
        arguments: [
            (["--confg", "x"], "unknown argument '--confg'; did you mean '--config'?"),
            (["run"], "unknown argument 'run'; see --help"),
            (["--set"], "'--set' needs section.key=value after it"), (["--config"], "'--config' needs a file after it"),
            (["--config=a", "--config=b"], "'--config' is given twice"), (["--check=yes"], "'--check' takes no value"),
            (["\u{1B}[2J"], "unknown argument '\\u{1b}[2J'; see --help"),
        ])
    func mistakes(arguments: [String], sentence: String) {
        #expect {
            _ = try ProgramArguments(arguments)
        } throws: { error in
            "\(error)" == sentence
        }
    }

    @Test("The manual page tells every flag and every setting with its default")
    func manual() {
        struct Settings { var size = 7 }
        let schema = SettingSchema(
            defaults: Settings(),
            keys: [
                SettingKey("a.size", \Settings.size, .integer(in: 1...9), why: "Larger is slower.", reloadable: true)
            ])
        let roff = schema.manualPage(program: "hms-x", summary: "does x").roff
        #expect(roff.hasPrefix(".TH HMS\\-X 1 "))
        #expect(roff.contains(".TP\n\\fBa.size\\fR\nLarger is slower. Default: 7. May change while the program runs"))
        for flag in ["config", "set", "check", "version", "man", "help"] {
            #expect(roff.contains("\n\\fB\\-\\-\(flag)\\fR"))
        }
    }

    @Test("The usage text names every flag")
    func usage() {
        let text = ProgramArguments.usage(program: "hms-sidecar", summary: "s")
        for flag in [
            "--config FILE", "--set section.key=value", "--check", "--version", "--man", "--help",
            "HMS_<SECTION>_<KEY>",
        ] {
            #expect(text.contains(flag))
        }
    }
}
