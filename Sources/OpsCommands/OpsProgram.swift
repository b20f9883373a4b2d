import Configuration
import Glibc

/// The command line program: finds the command, runs it, turns its outcome into words and an exit code.
package enum OpsProgram {
    package static let version = Product.version

    package static let commands: [Command] = [
        UpCommand.command, TraceCommand.command, SearchCommand.command, TailCommand.command, GraphCommand.command,
        CompareCommand.command,
        LedgerCommand.command, ExplainCommand.command, LoadCommand.command, CheckCommand.command, KeyCommand.command,
        AuditCommand.command, ExportCommand.command, ImportCommand.command, BackupCommand.command,
        RestoreCommand.command, EraseCommand.command, PinCommand.command, StoreCommand.command,
        ServicesCommand.command, OpenCommand.command, ManCommand.command, completions,
    ]

    /// Runs what `words`, the command line without the program's name, asks for.
    package static func run(_ words: [String], terminal: Terminal = Terminal()) -> ExitCode {
        do {
            return try dispatch(words, terminal: terminal)
        } catch {
            terminal.remark("\(terminal.remarks.red("hms-ops:")) \(error)\n")
            if let hint = error.hint { terminal.remark("  \(hint)\n") }
            if case .usage = error { terminal.remark("  \(helpHint(words))\n") }
            return error.exitCode
        }
    }

    private static func dispatch(_ words: [String], terminal: Terminal) throws(OpsError) -> ExitCode {
        guard let name = words.first else {
            terminal.remark(HelpText.program(commands.map(\.spec), style: terminal.remarks))
            return .usage
        }
        switch name {
        case "--help", "-h", "help":
            let about = words.dropFirst().first { !$0.hasPrefix("-") }
            let text =
                try about.map { word throws(OpsError) in
                    HelpText.command(try command(named: word).spec, style: terminal.output)
                } ?? HelpText.program(commands.map(\.spec), style: terminal.output)
            let pages = terminal.adapted(colour: .automatic, pages: true)
            pages.write(text)
            return try finished(.success, pages)
        case "--version":
            terminal.write("hms-ops \(version)\n")
            return try finished(.success, terminal)
        default:
            let command = try command(named: name)
            let arguments: ParsedArguments
            do {
                arguments = try CommandParser.parse(Array(words.dropFirst()), for: command.spec)
            } catch {
                throw .usage(error)
            }
            let isHelp = arguments.has("help")
            // The parser has let only these words through.
            let colour = ColourChoice(rawValue: arguments.value("color") ?? "") ?? .automatic
            let terminal = terminal.adapted(colour: colour, pages: isHelp || isPaged(arguments))
            if isHelp {
                terminal.write(HelpText.command(command.spec, style: terminal.output))
                return try finished(.success, terminal)
            }
            let code: ExitCode
            do {
                code = try command.run(arguments, terminal)
            } catch {
                _ = terminal.finish()
                throw error
            }
            return try finished(code, terminal)
        }
    }

    /// An answer of which a part could not be written is none, whatever the command says.
    private static func finished(_ code: ExitCode, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        if let reason = terminal.finish() { throw .file("standard output", operation: "write", code: reason) }
        return code
    }

    /// What is followed as it happens cannot wait until a screen is full.
    private static func isPaged(_ arguments: ParsedArguments) -> Bool {
        let spec = arguments.spec
        guard spec.isPaged, !arguments.has("no-pager") else { return false }
        return spec.option(named: "follow") == nil || !arguments.has("follow")
    }

    private static func command(named name: String) throws(OpsError) -> Command {
        if let command = commands.first(where: { $0.spec.name == name }) { return command }
        let known = commands.map(\.spec.name) + ["--help", "--version"]
        throw .usage(.unknownCommand(name, suggestion: Suggestion.nearest(to: name, among: known)))
    }

    private static func helpHint(_ words: [String]) -> String {
        let command = commands.first { $0.spec.name == words.first }
        return command.map { "usage: \(HelpText.usage($0.spec)); more: hms-ops \($0.spec.name) --help" }
            ?? "hms-ops --help lists the commands"
    }

    private static let completions = Command(
        CommandSpec(
            "completions", "print the completion script of a shell",
            arguments: [ArgumentSpec("SHELL", "bash, zsh or fish", words: Shell.allCases.map(\.rawValue))],
            examples: [("source <(hms-ops completions bash)", "complete hms-ops in this bash with the Tab key")])
    ) { arguments, terminal in
        // The parser has let only a shell's name through.
        let shell = Shell(rawValue: arguments.arguments[0]) ?? .bash
        terminal.write(Completions.script(for: shell, commands: commands.map(\.spec)))
        return .success
    }
}
