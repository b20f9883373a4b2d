import HTTP
import JSON
import TraceAssembly

/// `hms-ops search QUERY`: traces by what is in them, newest first.
enum SearchCommand {
    static let command = Command(
        CommandSpec(
            "search", "find traces by what is in their spans", isPaged: true,
            arguments: [
                ArgumentSpec(
                    "QUERY", "such as 'service = \"pay\" and duration > 2s'; without it all are found",
                    isRequired: false)
            ],
            options: CollectorAPI.options + [
                .value("from", "TIME", "only spans that began then or later: now-15m, 2026-01-31T10:00:00Z"),
                .value("to", "TIME", "only spans that began then or earlier"),
                .value("limit", "N", "traces to print", standard: "20"),
                .flag("ids", "print the trace ids alone, one a line"),
                .flag("json", "print the API's answers instead, one a line"),
                .flag("follow", "then go on with what arrives, as hms-ops tail does, until Ctrl-C"),
            ],
            examples: [
                ("hms-ops search 'service = pay and duration > 2s'", "slow calls of one service"),
                ("hms-ops search 'status = error and user.id = \"42\"' --from now-1h", "what failed for a customer"),
                ("hms-ops search 'hms.a2a.envelope_id = \"e-17\"'", "by an attribute, wherever it stands"),
                (
                    "hms-ops search 'service = gateway and child { db.system = postgresql and duration > 100ms }'",
                    "by what a span called"
                ),
            ]), run: run)

    /// Traces asked for at once; more are fetched page by page.
    private static let pageSize = 200

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let limit: Int
        do {
            limit = try arguments.integer("limit", in: 1...1_000_000) ?? 20
        } catch {
            throw .usage(error)
        }
        let collector = try CollectorAPI(arguments)
        let query = Self.query(arguments)
        var report = SearchReport(style: terminal.output, idsOnly: arguments.has("ids"))
        // Before the search, so that nothing falls between the two.
        let tail = arguments.has("follow") ? try TailSession(query, collector, terminal) : nil
        if tail != nil { TailCommand.endInOrderWhenInterrupted() }
        try tail?.begin()
        var cursor: String?
        var found = 0
        var told: Set<String> = []
        while true {
            let path = Self.path(query, arguments, limit: min(limit - found, pageSize), cursor: cursor)
            let answer = try collector.searchAnswer(at: path)
            if arguments.has("json") {
                terminal.write(String(decoding: answer.bytes, as: UTF8.self) + "\n")
            }
            guard let page = FoundPage(answer.json) else {
                throw .malformedAnswer(
                    address: collector.address, path: "/api/v1/search", reason: "members are missing")
            }
            found += page.traces.count
            if tail != nil { told.formUnion(page.traces.map(\.id)) }
            if !arguments.has("json") { terminal.write(report.text(page)) }
            let goesOn = page.cursor != nil && page.cursor != cursor && found < limit
            if !page.isComplete, goesOn { terminal.remark(report.progress(page)) }
            guard goesOn else {
                if let tail {
                    try tail.run(TailReport(arguments, terminal, report: report, leavingOut: told))
                    return .success
                }
                if !arguments.has("json"), !arguments.has("ids") { terminal.remark(report.end(page, found: found)) }
                if found == 0, !page.isComplete { return .failure }
                return found > 0 ? .success : .negative
            }
            cursor = page.cursor
        }
    }

    /// An ID that stands alone is looked for, in whatever form it was copied.
    private static func query(_ arguments: ParsedArguments) -> String {
        let text = arguments.arguments.first ?? ""
        return TraceIDText.parse(text).map { "trace_id = \"\($0)\"" } ?? text
    }

    private static func path(
        _ query: String, _ arguments: ParsedArguments, limit: Int, cursor: String?
    ) -> String {
        var parameters = [("q", query), ("limit", "\(limit)")]
        for name in ["from", "to"] {
            if let value = arguments.value(name) { parameters.append((name, value)) }
        }
        if let cursor { parameters.append(("cursor", cursor)) }
        return "/api/v1/search?" + parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
    }
}
