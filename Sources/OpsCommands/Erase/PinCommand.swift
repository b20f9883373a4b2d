import JSON
import TraceModel

/// `hms-ops pin TRACE`: keeps a trace longer than retention would.
enum PinCommand {
    static let command = Command(
        CommandSpec(
            "pin", "keep a trace longer than retention would; without a trace: list what is pinned",
            arguments: [ArgumentSpec("TRACE", "the trace's id", isRequired: false)],
            options: CollectorAPI.options + [
                .value("for", "TIME", "how long from now, such as 90d", standard: "90d"),
                .value("note", "TEXT", "why, for others to read"),
                .flag("remove", "let retention have it again"),
            ],
            examples: [
                ("hms-ops pin 4bf92f3577b34da6a3ce929d0e0e4736 --note 'ticket 17'", "keep it for 90 days"),
                ("hms-ops pin 4bf92f3577b34da6a3ce929d0e0e4736 --remove", "no longer"),
            ]), run: run)

    private static let path = "/api/v1/admin/pins"

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let collector = try CollectorAPI(arguments)
        guard let trace = arguments.arguments.first else {
            guard let pins = try collector.json(at: path)?["pins"]?.array else {
                throw .malformedAnswer(address: collector.address, path: path, reason: "it holds no pins")
            }
            for pin in pins { write(pin, terminal) }
            return .success
        }
        if arguments.has("remove") {
            write(try collector.act("DELETE", "\(path)/\(percentEncoded(trace))"), terminal)
            return .success
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("trace", trace)
            writer.member("for", arguments.value("for") ?? "90d")
            if let note = arguments.value("note") { writer.member("note", note) }
        }
        write(try collector.act("POST", path, writer.bytes), terminal)
        return .success
    }

    private static func write(_ value: JSONValue, _ terminal: Terminal) {
        var writer = JSONWriter()
        writer.value(value)
        terminal.write(String(decoding: writer.bytes, as: UTF8.self) + "\n")
    }
}
