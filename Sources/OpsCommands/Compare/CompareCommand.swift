import JSON
import TraceModel

/// `hms-ops compare A B`: how two traces differ, or what one population of traces has that the other has not.
enum CompareCommand {
    static let command = Command(
        CommandSpec(
            "compare", "find out why one trace, or one kind of traces, is slower than another",
            arguments: [
                ArgumentSpec("A", "a trace id, or a query that finds the slow or failing traces"),
                ArgumentSpec("B", "another trace id, or a query that finds the others"),
            ],
            options: CollectorAPI.options + [
                .value("from", "TIME", "with queries: spans that began then or later, such as now-15m"),
                .value("to", "TIME", "with queries: spans that began then or earlier"),
                .value("limit", "N", "with queries: traces of each to look at", standard: "200"),
                .flag("all", "with traces: show the rows that do not differ as well"),
                .flag("json", "print the API's JSON instead"),
            ],
            examples: [
                (
                    "hms-ops compare 4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7a3ce929d0e0e4736",
                    "where the one lost time that the other did not"
                ),
                (
                    "hms-ops compare 'service = pay and duration > 2s' 'service = pay and duration < 500ms'",
                    "what slow calls share that fast ones do not"
                ),
                (
                    "hms-ops compare 'trace.error = true' 'trace.error = false' --from now-1h",
                    "what the traces that failed have in common"
                ),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let limit: Int
        do {
            limit = try arguments.integer("limit", in: 1...500) ?? 200
        } catch {
            throw .usage(error)
        }
        let (a, b) = (arguments.arguments[0], arguments.arguments[1])
        let ids = (TraceIDText.parse(a), TraceIDText.parse(b))
        let collector = try CollectorAPI(arguments)
        var parameters: [(String, String)]
        switch ids {
        case (let first?, let second?): parameters = [("a", "\(first)"), ("b", "\(second)")]
        case (nil, nil):
            parameters = [("a", a), ("b", b), ("limit", "\(limit)")]
            for name in ["from", "to"] {
                if let value = arguments.value(name) { parameters.append((name, value)) }
            }
        case (let first, _):
            throw .usage(
                .invalidValue(
                    option: first == nil ? "A" : "B", value: first == nil ? a : b,
                    expected: "a trace id like the other, or a query for both"))
        }
        let path = "/api/v1/compare?" + parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
        guard let answer = try collector.queryAnswer(at: path) else {
            for id in [ids.0, ids.1] {
                guard let id, try collector.json(at: "/api/v1/traces/\(id)?limit=1") == nil else { continue }
                throw .traceNotFound(id, collector: collector.address)
            }
            throw .malformedAnswer(
                address: collector.address, path: "/api/v1/compare", reason: "there is no comparison")
        }
        if arguments.has("json") {
            terminal.write(String(decoding: answer.bytes, as: UTF8.self) + "\n")
            return .success
        }
        let report: CompareReport
        do {
            report = try CompareReport(
                answer.json, width: terminal.width, style: terminal.output, showsAll: arguments.has("all"))
        } catch {
            throw .malformedAnswer(address: collector.address, path: "/api/v1/compare", reason: "\(error)")
        }
        terminal.write(report.text)
        if !report.remarks.isEmpty { terminal.remark(report.remarks) }
        return report.saysSomething ? .success : .negative
    }
}
