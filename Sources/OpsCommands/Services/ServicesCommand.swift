import JSON
import TraceAssembly

/// `hms-ops services`: rate, errors and durations of services, or of the operations of one.
enum ServicesCommand {
    static let command = Command(
        CommandSpec(
            "services", "list services, or one's operations, with rate, errors and durations", isPaged: true,
            options: [
                .value("operations", "SERVICE", "the operations of this service instead"),
                .value(
                    "from", "TIME", "spans that began then or later: now-15m, 2026-01-31T10:00:00Z", standard: "now-1h"),
                .value("to", "TIME", "spans that began before then", standard: "now"),
                .value(
                    "sort", "BY", "the largest first: calls a second, share of errors, or p99; or by name",
                    standard: "rate",
                    candidates: .words(ServicesReport.Order.allCases.map(\.rawValue))),
                .flag("json", "print the API's answer instead"),
            ] + CollectorAPI.options,
            notes: [
                "A service's figures are of the calls it answered (spans of kind server and consumer), or of all its spans where "
                    + "it has none of these. Percentiles are at most 0.8 % off. Rows with errors are red."
            ],
            examples: [
                ("hms-ops services --sort errors", "who fails most, in the last hour"),
                (
                    "hms-ops services --operations payments --sort p99",
                    "what is slow in one service, with a trace to look at"
                ),
                ("hms-ops services --from now-7d --to now-6d", "a day last week"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let collector = try CollectorAPI(arguments)
        let service = arguments.value("operations")
        var path = service == nil ? "/api/v1/graph?limit=10000" : "/api/v1/red?limit=10000&step=604800"
        // What was acknowledged a moment ago is wanted here: a person has asked.
        path += "&fresh=true"
        if let service { path += "&service=\(percentEncoded(service))" }
        for name in ["from", "to"] { path += "&\(name)=\(percentEncoded(arguments.value(name) ?? ""))" }
        let answer = try collector.searchAnswer(at: path)
        if arguments.has("json") {
            terminal.write(answer.bytes)
            terminal.write("\n")
            return .success
        }
        // The parser has let only these words through.
        let order = ServicesReport.Order(rawValue: arguments.value("sort") ?? "") ?? .rate
        guard let report = ServicesReport(answer.json, operationsOf: service, order) else {
            throw .malformedAnswer(
                address: collector.address, path: path, reason: "members are missing, or are not what they must be")
        }
        terminal.write(report.text(width: terminal.width, isColoured: terminal.output.isColoured))
        if report.isEmpty { terminal.remark(report.whatToDo) }
        if report.isTruncated { terminal.remark("There are more; ask for a shorter time.\n") }
        return report.isEmpty ? .negative : .success
    }
}
