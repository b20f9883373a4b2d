import Glibc
import OpsCommands
import Testing

@Suite("Shell completions")
struct CompletionsTests {
    @Test("Every command and every option is in every shell's script", arguments: Shell.allCases)
    func namesEverything(shell: Shell) {
        let specs = OpsProgram.commands.map(\.spec)
        let script = Completions.script(for: shell, commands: specs)
        for spec in specs {
            #expect(script.contains(spec.name))
            for option in spec.options { #expect(script.contains(option.name)) }
        }
    }

    @Test("Quotes, brackets and colons of help texts cannot end the shell's strings")
    func quotes() {
        let spec = CommandSpec("paint", "the painter's job", options: [.flag("dry", "wait [long]: it's wet")])
        #expect(
            Completions.script(for: .zsh, commands: [spec]).contains("'--dry[wait \\[long\\]\\: it'\\''s wet]'"))
        #expect(Completions.script(for: .fish, commands: [spec]).contains("-l dry -d 'wait [long]: it\\'s wet'"))
    }

    @Test("bash completes commands, options and the words of an option")
    func bashCompletes() throws {
        let script = Completions.script(for: .bash, commands: OpsProgram.commands.map(\.spec))
        #expect(try complete(["hms-ops", "u"], with: script) == ["up"])
        #expect(try complete(["hms-ops", "up", "--de"], with: script) == ["--demo", "--demo-port"])
        #expect(try complete(["hms-ops", "completions", "z"], with: script) == ["zsh"])
        #expect(try complete(["hms-ops", "up", "--wait", ""], with: script) == [])
    }

    /// Runs the script in a real bash and returns what it offers for the last word.
    private func complete(_ words: [String], with script: String) throws -> [String] {
        let list = words.map { "'\($0)'" }.joined(separator: " ")
        let program =
            "\(script)\nCOMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); _hms_ops; printf '%s\\n' \"${COMPREPLY[@]}\""
        var template = "/tmp/hms-completions-XXXXXX".utf8CString.map { $0 }
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            unlink(path + "/script")
            rmdir(path)
        }
        let file = try #require(fopen(path + "/script", "w"))
        fputs(program, file)
        fclose(file)
        let pipe = try #require(popen("exec bash --norc '\(path)/script'", "r"))
        defer { pclose(pipe) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, pipe)
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
