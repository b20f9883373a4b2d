import Glibc
import TraceAssembly

/// `hms-ops tail [QUERY]`: traces as they arrive.
enum TailCommand {
    static let command = Command(
        CommandSpec(
            "tail", "print traces as they arrive",
            arguments: [
                ArgumentSpec("QUERY", "as of hms-ops search; without it all traces are printed", isRequired: false)
            ],
            options: CollectorAPI.options + [
                .value("limit", "N", "end after so many traces; without it Ctrl-C ends"),
                .flag("ids", "print the trace ids alone, one a line"),
                .flag("json", "print what the API tells of each trace instead, one a line"),
            ],
            examples: [
                ("hms-ops tail", "everything, a second or so after it came"),
                ("hms-ops tail 'status = error and service = pay'", "what fails now"),
                ("hms-ops tail --json 'duration > 2s' | jq .rootName", "for scripts"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let limit: Int?
        do { limit = try arguments.integer("limit", in: 1...1_000_000_000) } catch { throw .usage(error) }
        endInOrderWhenInterrupted()
        let collector = try CollectorAPI(arguments)
        let session = try TailSession(arguments.arguments.first ?? "", collector, terminal)
        try session.begin()
        if !arguments.has("ids"), !arguments.has("json") {
            terminal.remark(terminal.remarks.dim("Waiting for traces; Ctrl-C ends.") + "\n")
        }
        let report = SearchReport(style: terminal.output, idsOnly: arguments.has("ids"))
        try session.run(TailReport(arguments, terminal, report: report, limit: limit))
        return .success
    }

    /// Ctrl-C is how a tail ends, so it is no failure. Everything was written by then.
    static func endInOrderWhenInterrupted() {
        signal(SIGINT) { _ in _exit(ExitCode.success.rawValue) }
    }
}
