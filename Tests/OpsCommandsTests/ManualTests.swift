import Configuration
import Glibc
import OpsCommands
import Testing

@Suite("Manual pages")
struct ManualTests {
    private static let pages = CommandManual.pages(OpsProgram.commands.map(\.spec))

    @Test("Every command has a page with all that its help says")
    func complete() {
        #expect(Self.pages.map(\.name) == ["hms-ops"] + OpsProgram.commands.map { "hms-ops-" + $0.spec.name })
        for command in OpsProgram.commands {
            let roff = CommandManual.page(command.spec, among: OpsProgram.commands.map(\.spec)).roff
            var sections = ["NAME", "SYNOPSIS", "DESCRIPTION"]
            if !command.spec.arguments.isEmpty { sections.append("ARGUMENTS") }
            sections.append("OPTIONS")
            if command.spec.isPaged { sections.append("ENVIRONMENT") }
            sections.append("EXIT STATUS")
            if !command.spec.examples.isEmpty { sections.append("EXAMPLES") }
            sections.append("SEE ALSO")
            let found = roff.split(separator: "\n").filter { $0.hasPrefix(".SH ") }.map { String($0.dropFirst(4)) }
            #expect(found == sections, "\(command.spec.name)")
            let options = roff.split(separator: "\n").filter { $0.hasPrefix("\\fB\\-\\-") }
            #expect(options.count == command.spec.options.count)
        }
    }

    @Test("Nothing in a text is taken for a macro or an escape")
    func escapes() {
        let spec = CommandSpec(
            "paint", "say it's \\fBdone\\fR - really", options: [.flag("dry", ".so /etc/passwd")],
            notes: ["'tis ×120 █ …"], examples: [(".ex 1", "a line")])
        let roff = CommandManual.page(spec, among: [spec]).roff
        #expect(roff.contains("hms\\-ops\\-paint \\- say it\\(aqs \\efBdone\\efR \\- really\n"))
        #expect(roff.contains("\n\\&.so /etc/passwd\n"))
        #expect(roff.contains("\n\\(aqtis \\[u00D7]120 \\[u2588] ...\n"))
        #expect(roff.contains("\n\\&.ex 1\n"))
    }

    /// Formats a page as man does, and returns what it says and what it complains of.
    private func formatted(_ roff: String) throws -> (text: String, warnings: String) {
        let terminal = CapturedTerminal()
        let file = terminal.path + "/page.1"
        let handle = try #require(fopen(file, "w"))
        fputs(roff, handle)
        fclose(handle)
        let command =
            "cd '\(terminal.path)' && LC_ALL=C.UTF-8 MANWIDTH=80 MANPAGER=cat man --warnings -l page.1 >out 2>err"
        #expect(system(command) == 0)
        return (terminal.text(terminal.path + "/out"), terminal.text(terminal.path + "/err"))
    }

    @Test(
        "man formats every page without a warning", .enabled(if: access("/usr/bin/man", X_OK) == 0),
        arguments: pages.map(\.name))
    func formats(name: String) throws {
        let page = try #require(Self.pages.first { $0.name == name })
        let (text, warnings) = try formatted(page.roff)
        #expect(warnings == "")
        #expect(text.contains("SYNOPSIS") && text.contains("EXIT STATUS") && text.contains("64 wrong usage."))
    }

    @Test("All pages are written into a directory; one is printed; an unknown one is asked about")
    func command() {
        let terminal = CapturedTerminal()
        #expect(terminal.run("man", "--directory", terminal.path + "/man") == .success)
        #expect(terminal.text(terminal.path + "/man/man1/hms-ops-trace.1").contains("\\-\\-critical"))
        #expect(access(terminal.path + "/man/man1/hms-ops.1", F_OK) == 0)
        #expect(terminal.run("man", "trace") == .success)
        #expect(terminal.output.contains(".TH HMS\\-OPS\\-TRACE 1"))
        #expect(terminal.run("man", "tarce") == .usage)
        #expect(terminal.remarks.contains("did you mean 'trace'?"))
        #expect(terminal.run("man", "trace", "--directory", "/tmp/x") == .usage)
    }
}
