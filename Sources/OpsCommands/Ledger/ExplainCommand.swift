import TraceModel

/// `hms-ops explain ID`: where is this trace or span, or why is it not there?
enum ExplainCommand {
    static let command = Command(
        CommandSpec(
            "explain", "say where a trace or a span is, or why it is not there, and what to do next", isPaged: true,
            arguments: [
                ArgumentSpec(
                    "ID", "a trace id (32 hexadecimal digits) or a span id (16); a traceparent will do")
            ],
            options: ProgramAddresses.options + [.flag("json", "print the programs' answers as JSON instead")]
                + CollectorAPI.securityOptions,
            examples: [
                ("hms-ops explain 4bf92f3577b34da6a3ce929d0e0e4736", "why do I not see this trace?"),
                ("hms-ops explain 00f067aa0ba902b7", "the same for one span"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let given = arguments.arguments[0]
        guard let id = id(given) else {
            throw .usage(
                .invalidValue(
                    option: "ID", value: given, expected: "32 hexadecimal digits (a trace) or 16 (a span), not all zero"
                ))
        }
        let addresses = try ProgramAddresses(arguments)
        var answers: [ExplainReport.Answer] = []
        var unreachable: [UnreachableProgram] = []
        for (kind, path, programs) in [
            ("sidecar", "/explain/", addresses.sidecars), ("collector", "/api/v1/explain/", addresses.collectors),
        ] {
            for program in programs {
                do throws(OpsError) {
                    if let json = try program.json(at: path + id) {
                        answers.append(ExplainReport.Answer(kind: kind, address: program.address, json: json))
                    } else {
                        unreachable.append(UnreachableProgram(kind, program, missing: path))
                    }
                } catch {
                    unreachable.append(UnreachableProgram(kind, program, error))
                }
            }
        }
        let report = ExplainReport(id: id, answers: answers, unreachable: unreachable)
        terminal.write(arguments.has("json") ? report.json() : report.text(style: terminal.output))
        return report.exitCode
    }

    /// The digits to ask for: a span id as it stands, anything else in the forms that `hms-ops trace` takes.
    private static func id(_ given: String) -> String? {
        guard let trace = TraceIDText.parse(given) else { return nil }
        let text = trace.description
        return given.utf8.count == 16 ? String(text.suffix(16)) : text
    }
}
