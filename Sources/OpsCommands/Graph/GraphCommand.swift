import CallGraph
import JSON

/// `hms-ops graph`: who calls whom, and how it goes.
enum GraphCommand {
    static let command = Command(
        CommandSpec(
            "graph", "show services, what they call, and how it goes",
            options: CollectorAPI.options + [
                .value("from", "TIME", "where the time begins: now-15m, 2026-01-31T10:00:00Z; without it an hour ago"),
                .value("to", "TIME", "where it ends; without it now"),
                .value("service", "NAME", "only this service and its neighbours"),
                .value("trace", "ID", "the graph of one trace"),
                .value("query", "QUERY", "the graph of the traces that satisfy a query, the newest 200"),
                .flag("diff", "compare with the time before: what is new, gone, slower, failing"),
                .value("before-from", "TIME", "with --diff: where the time before begins"),
                .value("before-to", "TIME", "with --diff: where it ends; without both it lies right before, as long"),
                .value("limit", "N", "nodes, and edges, to print", standard: "1000"),
                .flag("dot", "print it for Graphviz"),
                .flag("mermaid", "print it for Mermaid"),
                .flag("json", "print the API's answer instead"),
            ],
            examples: [
                ("hms-ops graph", "the last hour"),
                ("hms-ops graph --diff --from now-10m", "what the last ten minutes changed"),
                ("hms-ops graph --trace 4bf92f3577b34da6a3ce929d0e0e4736 --mermaid", "one request, for a ticket"),
                ("hms-ops graph --query 'status = error' --from now-1h --dot | dot -Tsvg > errors.svg", "a picture"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let path = try path(arguments)
        let collector = try CollectorAPI(arguments)
        guard let found = try collector.answer(at: path) else {
            if let id = arguments.value("trace").flatMap({ TraceIDText.parse($0) }) {
                throw .traceNotFound(id, collector: collector.address)
            }
            throw .malformedAnswer(address: collector.address, path: "/api/v1/graph", reason: "there is no such path")
        }
        guard var answer = GraphAnswer(found.json) else {
            throw .malformedAnswer(address: collector.address, path: "/api/v1/graph", reason: "members are missing")
        }
        let isDiff = arguments.has("diff")
        if arguments.has("json") {
            terminal.write(String(decoding: found.bytes, as: UTF8.self) + "\n")
            return answer.picture.nodes.isEmpty ? .negative : .success
        }
        let report = GraphReport(style: terminal.output)
        if isDiff { answer.keepChanges() }
        if arguments.has("dot") {
            terminal.write(answer.picture.dot())
        } else if arguments.has("mermaid") {
            terminal.write(answer.picture.mermaid())
        } else if answer.picture.nodes.isEmpty {
            terminal.remark(
                isDiff
                    ? "Nothing changed beyond what chance explains.\n"
                    : "Nothing was called. Is the time right, and has the data arrived?\n")
            return isDiff ? .success : .negative
        } else {
            terminal.write(isDiff ? report.changes(answer) : report.text(answer))
        }
        terminal.remark(report.remark(answer))
        return answer.picture.nodes.isEmpty && !isDiff ? .negative : .success
    }

    private static func path(_ arguments: ParsedArguments) throws(OpsError) -> String {
        let isDiff = arguments.has("diff")
        let (trace, query) = (arguments.value("trace"), arguments.value("query"))
        guard [isDiff, trace != nil, query != nil].count(where: { $0 }) <= 1 else {
            throw .usage(.unexpectedArgument("more than one of --diff, --trace and --query", command: "graph"))
        }
        guard [arguments.has("dot"), arguments.has("mermaid"), arguments.has("json")].count(where: { $0 }) <= 1 else {
            throw .usage(.unexpectedArgument("more than one of --dot, --mermaid and --json", command: "graph"))
        }
        let limit: Int
        do {
            limit = try arguments.integer("limit", in: 1...100_000) ?? 1000
        } catch {
            throw .usage(error)
        }
        var parameters = [("limit", "\(limit)")]
        func add(_ option: String, _ name: String) {
            if let value = arguments.value(option) { parameters.append((name, value)) }
        }
        if let trace {
            guard let id = TraceIDText.parse(trace) else {
                throw .usage(
                    .invalidValue(
                        option: "--trace", value: trace, expected: "32 hexadecimal digits that are not all zero"))
            }
            parameters.append(("trace", "\(id)"))
        } else if let query {
            parameters.append(("q", query))
            add("from", "from")
            add("to", "to")
        } else {
            // Who asks once wants what is there now.
            parameters += [("fresh", "true"), ("from", arguments.value("from") ?? "now-1h")]
            add("to", "to")
            add("service", "service")
        }
        if isDiff {
            add("before-from", "beforeFrom")
            add("before-to", "beforeTo")
        } else if arguments.value("before-from") ?? arguments.value("before-to") != nil {
            throw .usage(.missingArgument("--diff with --before-from and --before-to", command: "graph"))
        }
        return "/api/v1/graph" + (isDiff ? "/diff" : "") + "?"
            + parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
    }
}
