import JSON
import OTLP
package import TraceAssembly
import TraceModel

/// Traces in the JSON of Jaeger's query API, one after the other into one envelope. See `docs/JaegerAPI.md` for what stands
/// where.
package struct JaegerJSON {
    private var writer: JSONWriter
    private let maximumBytes: Int
    private var remarks: [JaegerError] = []
    /// Traces that did not go in at all.
    private var leftOut = 0

    /// `maximumBytes`: once the text has reached it no further span goes in; what is left out is said in `warnings` and
    /// `errors`.
    package init(pretty: Bool = false, maximumBytes: Int = .max) {
        self.maximumBytes = maximumBytes
        writer = JSONWriter(pretty: pretty, capacity: 4096)
        writer.beginObject()
        writer.key("data")
        writer.beginArray()
    }

    package var isFull: Bool { writer.bytes.count >= maximumBytes }

    package mutating func remark(_ error: JaegerError) { remarks.append(error) }

    /// The document; nothing can be added any more.
    package consuming func finish() -> [UInt8] {
        if leftOut > 0 {
            remarks.append(
                JaegerError(
                    0,
                    "\(leftOut) more \(leftOut == 1 ? "trace was" : "traces were") found: an answer ends at "
                        + "\(maximumBytes) bytes; ask for fewer"))
        }
        writer.endArray()
        writer.jaegerEnvelopeEnd(total: 0, errors: remarks)
        return writer.bytes
    }

    package mutating func add(_ trace: AssembledTrace) {
        guard !isFull else {
            leftOut += 1
            return
        }
        writer.beginObject()
        writer.member("traceID", JaegerID.text(trace.traceID))
        var processes = ProcessTable()
        var written = 0
        writer.key("spans")
        writer.beginArray()
        for node in trace.nodes {
            guard let span = node.span else { continue }
            if isFull { break }
            write(span, node, in: trace, &processes)
            written += 1
        }
        writer.endArray()
        write(processes)
        var warnings = JaegerWarnings.of(trace)
        if written < trace.summary.spanCount {
            let sentence =
                "only \(written) of \(trace.summary.spanCount) spans are given: an answer ends at \(maximumBytes) bytes"
            warnings.append(sentence)
            remarks.append(JaegerError(0, sentence, traceID: trace.traceID))
        }
        write(warnings: warnings)
        writer.endObject()
    }

    private mutating func write(
        _ span: SpanValue, _ node: TraceNode, in trace: AssembledTrace, _ processes: inout ProcessTable
    ) {
        writer.beginObject()
        writer.member("traceID", JaegerID.text(span.traceID))
        writer.member("spanID", span.spanID.description)
        // The sampled bit is all that both kinds of flags share.
        if span.flags & 1 != 0 { writer.member("flags", 1) }
        writer.member("operationName", span.name)
        writer.jaegerReferences(of: span, parent: node.parent.map { trace.nodes[$0].spanID })
        writer.member("startTime", span.startUnixNano / 1000)
        writer.member("duration", span.durationNano / 1000)
        writer.jaegerTags(of: span)
        writer.key("logs")
        writer.beginArray()
        for event in span.events { write(event) }
        writer.endArray()
        writer.member("processID", processes.id(of: span.resource))
        write(warnings: JaegerWarnings.of(node, in: trace))
        writer.endObject()
    }

    private mutating func write(_ event: SpanEvent) {
        writer.beginObject()
        writer.member("timestamp", event.timeUnixNano / 1000)
        writer.key("fields")
        writer.beginArray()
        if !event.name.isEmpty { writer.jaegerTag("event", .string(event.name)) }
        writer.jaegerTags(event.attributes)
        writer.endArray()
        writer.endObject()
    }

    private mutating func write(_ processes: ProcessTable) {
        writer.key("processes")
        writer.beginObject()
        for (number, process) in processes.processes.enumerated() {
            writer.key(ProcessTable.id(number))
            writer.beginObject()
            writer.member("serviceName", process.service)
            writer.key("tags")
            writer.beginArray()
            writer.jaegerTags(process.tags)
            writer.endArray()
            writer.endObject()
        }
        writer.endObject()
    }

    /// `null` when there are none, as Jaeger has it.
    private mutating func write(warnings: [String]) {
        writer.key("warnings")
        guard !warnings.isEmpty else { return writer.null() }
        writer.beginArray()
        for warning in warnings { writer.string(warning) }
        writer.endArray()
    }
}
