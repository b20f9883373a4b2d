import EventLoop
import OTLPFiles
import TraceModel

/// `hms-ops export`: traces of a collector into a file that any OTLP reader takes.
enum ExportCommand {
    static let command = Command(
        CommandSpec(
            "export", "write traces into a file, in an order and form that depend on their content alone",
            options: CollectorAPI.options + [
                .value("query", "QUERY", "what traces: service = \"pay\" and duration > 2s"),
                .value("from", "TIME", "only traces from then on"),
                .value("to", "TIME", "only traces before then"),
                .value("trace", "ID", "this trace, instead of a query", repeats: true),
                .value("limit", "N", "so many traces at most"),
                .value(
                    "format", "FORMAT", "OTLP JSON lines, or protobuf messages behind their lengths",
                    standard: OTLPFileWriter.Format.jsonl.rawValue,
                    candidates: .words(OTLPFileWriter.Format.allCases.map(\.rawValue))),
                .value(
                    "output", "FILE", "where to; .gz and .zst are compressed; - is standard output", standard: "-",
                    candidates: .files),
                .value("patience", "SECONDS", "how long to wait for a collector that does not answer", standard: "60"),
            ],
            examples: [
                (
                    "hms-ops export --query 'status = error' --from now-1h --output errors.jsonl.zst",
                    "the errors of the last hour; interrupted, the same line goes on where it was"
                ),
                ("hms-ops export --trace 4bf92f3577b34da6a3ce929d0e0e4736 | jq .", "one trace to look at"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let plan = try ExportPlan(arguments)
        let session = try ExportSession(plan, CollectorAPI(arguments), terminal)
        return try session.run()
    }
}

/// What to export and where to, read once.
struct ExportPlan {
    var search: SearchRequest?
    var traces: [TraceID] = []
    var limit = Int.max
    var format = OTLPFileWriter.Format.jsonl
    var output = "-"
    var patience = Duration.seconds(60)

    /// What a run that goes on must have in common with the one before.
    var question: String {
        let what = search.map { "\($0.query)\n\($0.from ?? "")\n\($0.to ?? "")" } ?? traces.map(\.description).joined()
        return "\(format.rawValue)\n\(limit)\n\(what)"
    }

    init(_ arguments: ParsedArguments) throws(OpsError) {
        for text in arguments.values("trace") {
            guard let id = TraceIDText.parse(text) else {
                throw .usage(
                    .invalidValue(
                        option: "--trace", value: text, expected: "32 hexadecimal digits that are not all zero"))
            }
            traces.append(id)
        }
        if let query = arguments.value("query") {
            search = SearchRequest(query: query, from: arguments.value("from"), to: arguments.value("to"))
        } else if arguments.value("from") != nil || arguments.value("to") != nil {
            search = SearchRequest(query: "", from: arguments.value("from"), to: arguments.value("to"))
        }
        guard (search == nil) != traces.isEmpty else {
            throw .usage(.missingArgument("--query, --from and --to, or --trace", command: arguments.spec.name))
        }
        do {
            limit = try arguments.integer("limit", in: 1...Int.max) ?? .max
            patience = .seconds(try arguments.integer("patience", in: 0...86_400) ?? 60)
        } catch {
            throw .usage(error)
        }
        format = arguments.value("format").flatMap { OTLPFileWriter.Format(rawValue: $0) } ?? .jsonl
        output = arguments.value("output") ?? "-"
    }
}
