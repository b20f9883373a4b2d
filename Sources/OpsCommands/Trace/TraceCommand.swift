import TraceAssembly
import TraceModel

/// `hms-ops trace ID`: one trace as a tree.
enum TraceCommand {
    static let command = Command(
        CommandSpec(
            "trace", "show a trace as a tree with durations, coloured by latency", isPaged: true,
            arguments: [ArgumentSpec("ID", "32 hexadecimal digits; an x-hms-trace-id or traceparent will do")],
            options: [
                .flag("errors", "only failing spans, and what leads to them"),
                .flag("critical", "only what the trace waited for: the critical path, and what leads to it"),
                .value("depth", "N", "only so many levels below the root"),
                .flag("all", "every span; runs of alike siblings stand as one row otherwise, such as ×120 SELECT"),
                .value("rows", "N", "so many rows at most"),
                .flag("json", "print the API's full JSON instead"),
                .flag("otlp", "print the spans as they came, as OTLP JSON"),
                .value(
                    "html", "FILE", "write a page for an incident report, which needs nothing but itself; - prints it",
                    candidates: .files),
                .flag("force", "with --html: write over a file that is there"),
            ] + CollectorAPI.options,
            notes: [
                "A bar is the span on the time of the whole trace: █ where the trace waited for this very span (the critical "
                    + "path), ▒ the rest of it, ┄ a span that did not arrive. The colour, and the share in per cent behind the "
                    + "bar, tell how much of the waiting is the span's own, or, where the collector has figures of the hour "
                    + "before, how slow it is among its like (p97: slower than 97 % of them). ✕ marks errors, ⊗ where they "
                    + "begin, ! what is strange about a span, ×N a run of N alike siblings with their times added up, +N how "
                    + "many spans --depth leaves out below.",
                "What programs may read is --json (one document a line; more than one where a trace has more than 200,000 "
                    + "spans) and --otlp. The tree is for people and may change.",
            ],
            examples: [
                ("hms-ops trace 4bf92f3577b34da6a3ce929d0e0e4736", "what was slow in this request"),
                ("hms-ops trace ID --errors", "what failed, and on whose behalf"),
                ("hms-ops trace ID --critical", "what it waited for"),
                ("hms-ops trace ID --json | jq .", "the same for a program"),
                ("hms-ops trace ID --html incident.html", "a page to attach to a report"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        guard let id = TraceIDText.parse(arguments.arguments[0]) else {
            throw .usage(
                .invalidValue(
                    option: "ID", value: arguments.arguments[0],
                    expected: "32 hexadecimal digits that are not all zero"))
        }
        let selection: TraceSelection
        do {
            try arguments.allowOne(of: ["json", "otlp", "html"])
            try arguments.allowOne(of: ["errors", "critical"])
            selection = try TraceSelection(arguments)
        } catch {
            throw .usage(error)
        }
        let collector = try CollectorAPI(arguments)
        if arguments.has("json") { return try json(id, collector, terminal) }
        if arguments.has("otlp") { return try otlp(id, collector, terminal) }
        if let file = arguments.value("html") {
            return try html(id, collector, to: file, replaces: arguments.has("force"), terminal)
        }
        guard let overview = try collector.overview(of: id) else {
            throw .traceNotFound(id, collector: collector.address)
        }
        let rows = TraceRowCursor(overview) { offset, limit throws(OpsError) in
            try collector.rows(of: id, offset: offset, limit: limit)
        }
        let style = TerminalTree.Style(width: terminal.width, isColoured: terminal.output.isColoured)
        var printer = TracePrinter(overview, selection, style)
        var text = ""
        try printer.print(rows) { piece in
            text += piece
            if text.utf8.count >= Self.pieceBytes {
                terminal.write(text)
                text = ""
            }
            return !terminal.isReaderGone
        }
        terminal.write(text)
        if overview.isTruncated {
            terminal.remark("The trace is too large to be read whole; this is the part that came first.\n")
        }
        return .success
    }

    /// Written at once.
    private static let pieceBytes = 32 << 10

    /// One document a line; a trace that is too large for one goes on in the next.
    private static func json(
        _ id: TraceID, _ collector: CollectorAPI, _ terminal: Terminal
    ) throws(OpsError) -> ExitCode {
        var offset = 0
        repeat {
            guard let (bytes, nodes) = try collector.fullJSON(of: id, offset: offset) else {
                throw .traceNotFound(id, collector: collector.address)
            }
            terminal.write(bytes)
            terminal.write("\n")
            offset = nodes > offset + nodesInOneAnswer ? offset + nodesInOneAnswer : nodes
            if offset == nodes { break }
        } while !terminal.isReaderGone
        return .success
    }

    /// As docs/openapi.yaml says.
    private static let nodesInOneAnswer = 200_000

    private static func otlp(
        _ id: TraceID, _ collector: CollectorAPI, _ terminal: Terminal
    ) throws(OpsError) -> ExitCode {
        guard let (bytes, isTruncated) = try collector.document(of: id, format: "otlp") else {
            throw .traceNotFound(id, collector: collector.address)
        }
        terminal.write(bytes)
        terminal.write("\n")
        if isTruncated {
            terminal.remark("The trace is too large to be read whole; this is the part that came first.\n")
        }
        return .success
    }

    private static func html(
        _ id: TraceID, _ collector: CollectorAPI, to file: String, replaces: Bool, _ terminal: Terminal
    ) throws(OpsError) -> ExitCode {
        guard file == "-" || replaces || !OutputFile.exists(file) else { throw .fileExists(file) }
        guard let (bytes, _) = try collector.document(of: id, format: "html") else {
            throw .traceNotFound(id, collector: collector.address)
        }
        if file == "-" {
            terminal.write(bytes)
        } else {
            try OutputFile.write(bytes, to: file, replaces: replaces)
            terminal.remark("\(file): \((bytes.count + 1023) / 1024) KiB, to be opened in any browser\n")
        }
        return .success
    }
}

extension TraceSelection {
    init(_ arguments: ParsedArguments) throws(UsageError) {
        self.init()
        subject = arguments.has("errors") ? .errors : arguments.has("critical") ? .criticalPath : .everything
        depth = try arguments.integer("depth", in: 0...1_000_000)
        folds = !arguments.has("all")
        maximumRows = try arguments.integer("rows", in: 1...100_000_000)
    }
}
