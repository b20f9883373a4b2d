import OTLP
import TraceAssembly
import TraceModel

/// `hms-ops trace ID`: one trace as a tree.
enum TraceCommand {
    static let command = Command(
        CommandSpec(
            "trace", "show a trace as a tree with durations, coloured by latency",
            arguments: [ArgumentSpec("ID", "32 hexadecimal digits; an x-hms-trace-id or traceparent will do")],
            options: CollectorAPI.options + [.flag("json", "print the API's JSON instead")],
            examples: [
                ("hms-ops trace 4bf92f3577b34da6a3ce929d0e0e4736", "what was slow in this request"),
                ("hms-ops trace ID --json | jq .", "the same for a program"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        guard let id = TraceIDText.parse(arguments.arguments[0]) else {
            throw .usage(
                .invalidValue(
                    option: "ID", value: arguments.arguments[0],
                    expected: "32 hexadecimal digits that are not all zero"))
        }
        let collector = try CollectorAPI(arguments)
        if arguments.has("json") {
            guard let json = try collector.json(of: id) else {
                throw .traceNotFound(id, collector: collector.address)
            }
            terminal.write(String(decoding: json, as: UTF8.self) + "\n")
            return .success
        }
        guard let (message, isTruncated) = try collector.spans(of: id) else {
            throw .traceNotFound(id, collector: collector.address)
        }
        let spans: [SpanValue]
        do {
            spans = try decodeSpans(message.span)
        } catch {
            throw .malformedTrace(id, error)
        }
        let style = TerminalTree.Style(width: terminal.width, isColoured: terminal.output.isColoured)
        terminal.write(TerminalTree.render(assemble(spans, as: id), style))
        if isTruncated {
            terminal.remark("The trace is too large to be read whole; this is the part that came first.\n")
        }
        return .success
    }
}
