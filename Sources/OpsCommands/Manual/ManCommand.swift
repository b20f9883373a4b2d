import Configuration
import Glibc

/// `hms-ops man`: the manual.
enum ManCommand {
    static let command = Command(
        CommandSpec(
            "man", "show the manual, or write it out as roff",
            arguments: [
                ArgumentSpec("COMMAND", "the page of this command; the program's own without", isRequired: false)
            ],
            options: [
                .value(
                    "directory", "DIR", "write all pages into DIR/man1 instead", candidates: .directories)
            ],
            notes: [
                "On a terminal man(1) shows the page, if it is installed; elsewhere the page is written as it stands."
            ],
            examples: [
                ("hms-ops man trace", "all about hms-ops trace"),
                ("hms-ops man --directory /usr/local/share/man", "install the pages, for man hms-ops-trace"),
                ("hms-sidecar --man | man -l -", "the sidecar's own page, with every setting"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let specs = OpsProgram.commands.map(\.spec)
        let pages = CommandManual.pages(specs)
        if let directory = arguments.value("directory") {
            guard arguments.arguments.isEmpty else { throw .usage(.cannotCombine("COMMAND", "--directory")) }
            let place = directory + "/man\(ManualPage.section)"
            for path in [directory, place] where mkdir(path, 0o755) != 0 {
                let code = errno
                guard code == EEXIST else { throw .file(path, operation: "create", code: code) }
            }
            for page in pages {
                try OutputFile.write(Array(page.roff.utf8), to: "\(place)/\(page.fileName)", replaces: true)
            }
            terminal.write("\(place): \(pages.count) pages\n")
            return .success
        }
        let wanted = arguments.arguments.first.map { $0.hasPrefix("hms-ops") ? $0 : "hms-ops-\($0)" } ?? "hms-ops"
        guard let page = pages.first(where: { $0.name == wanted }) else {
            let name = arguments.arguments[0]
            throw .usage(.unknownCommand(name, suggestion: Suggestion.nearest(to: name, among: specs.map(\.name))))
        }
        let reader = terminal.shown(by: "man -l -")
        reader.write(page.roff)
        _ = reader.finish()
        return .success
    }
}
