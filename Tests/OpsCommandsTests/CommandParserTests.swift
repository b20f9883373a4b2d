import OpsCommands
import Testing

@Suite("Command line parser")
struct CommandParserTests {
    static let spec = CommandSpec(
        "paint", "paint a wall",
        arguments: [ArgumentSpec("WALL", "which"), ArgumentSpec("ROOM", "where", isRequired: false)],
        options: [
            .flag("twice", "two coats"),
            .value("colour", "NAME", "of the paint", standard: "white", candidates: .words(["white", "red"])),
            .value("litres", "N", "how much", standard: "5"),
            .value("note", "TEXT", "a remark", repeats: true),
        ])

    @Test("Values are read after a space and after an equals sign, empty and with further equals signs")
    func readsValues() throws {
        let parsed = try CommandParser.parse(
            ["--colour", "red", "north", "--note=a=b", "--note=", "--litres=7"], for: Self.spec)
        #expect(parsed.arguments == ["north"])
        #expect(parsed.value("colour") == "red")
        #expect(parsed.values("note") == ["a=b", ""])
        #expect(try parsed.integer("litres", in: 1...9) == 7)
        #expect(!parsed.has("twice"))
    }

    @Test("What is not given has its standard value, or none")
    func usesStandardValues() throws {
        let parsed = try CommandParser.parse(["north", "--twice"], for: Self.spec)
        #expect(parsed.has("twice"))
        #expect(parsed.value("colour") == "white")
        #expect(parsed.value("note") == nil)
        #expect(try parsed.integer("litres", in: 1...9) == 5)
    }

    @Test("After -- everything is an argument, and a lone dash always is")
    func endsOptions() throws {
        #expect(try CommandParser.parse(["--", "--twice", "-"], for: Self.spec).arguments == ["--twice", "-"])
        #expect(try CommandParser.parse(["-", "x"], for: Self.spec).arguments == ["-", "x"])
    }

    @Test("Asking for help needs no other argument", arguments: ["--help", "-h"])
    func helpNeedsNothing(word: String) throws {
        #expect(try CommandParser.parse([word], for: Self.spec).has("help"))
    }

    @Test(
        "A wrong command line is refused with what is wrong about it",
        arguments: [
            ([], UsageError.missingArgument("WALL", command: "paint"), "'paint' needs WALL"),
            (["a", "b", "c"], .unexpectedArgument("c", command: "paint"), "'paint' does not take 'c'"),
            (
                ["a", "--colour"], .missingValue(option: "colour", placeholder: "NAME"),
                "'--colour' needs a value: --colour NAME"
            ),
            (["a", "--twice=1"], .unexpectedValue(option: "twice"), "'--twice' takes no value"),
            (
                ["a", "--colour", "blue"], .invalidValue(option: "--colour", value: "blue", expected: "white or red"),
                "'--colour' is 'blue', expected white or red"
            ),
            (["a", "--colour=red", "--colour=red"], .givenTwice(option: "colour"), "'--colour' is given twice"),
            (
                ["a", "--colous", "red"], .unknownOption("--colous", command: "paint", suggestion: "--colour"),
                "'paint' has no option '--colous'; did you mean '--colour'?"
            ),
            (["a", "-x"], .unknownOption("-x", command: "paint", suggestion: nil), "'paint' has no option '-x'"),
            (
                ["a", "-twice"], .unknownOption("-twice", command: "paint", suggestion: "--twice"),
                "'paint' has no option '-twice'; did you mean '--twice'?"
            ),
        ] as [([String], UsageError, String)])
    func refuses(words: [String], error: UsageError, sentence: String) {
        #expect(throws: error) { try CommandParser.parse(words, for: Self.spec) }
        #expect(error.description == sentence)
    }

    @Test(
        "A number out of range or not a number names what is allowed",
        arguments: ["0", "10", "7x", "", "99999999999999999999"])
    func refusesNumbers(text: String) throws {
        let parsed = try CommandParser.parse(["a", "--litres=" + text], for: Self.spec)
        #expect(
            throws: UsageError.invalidValue(option: "--litres", value: text, expected: "a whole number from 1 to 9")
        ) { try parsed.integer("litres", in: 1...9) }
    }

    @Test("The last argument of a command may be one that repeats; usage and parser agree on that")
    func repeatsArguments() throws {
        let spec = CommandSpec("pack", "pack boxes", arguments: [ArgumentSpec("BOX", "which", repeats: true)])
        #expect(try CommandParser.parse(["a", "b", "-"], for: spec).arguments == ["a", "b", "-"])
        #expect(throws: UsageError.missingArgument("BOX", command: "pack")) { try CommandParser.parse([], for: spec) }
        #expect(HelpText.usage(spec) == "hms-ops pack BOX… [OPTION…]")
    }
}
