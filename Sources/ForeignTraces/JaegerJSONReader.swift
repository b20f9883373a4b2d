import OTLP
import TraceModel

/// Reads documents, traces and processes; `JaegerSpanReader` reads what a span holds.
struct JaegerJSONReader {
    private var reader: DocumentReader
    private let limits: ForeignTraceLimits
    private var spans: [SpanValue] = []

    init(_ bytes: [UInt8], limits: ForeignTraceLimits) {
        reader = DocumentReader(bytes, depthLimit: limits.maximumDepth)
        self.limits = limits
    }

    mutating func read() throws(ForeignTraceError) -> [SpanValue] {
        if try reader.isAtArray() {
            try readList("document")
        } else if try isEnvelope() {
            _ = try reader.beginObject("document")
            while let key = try reader.nextKey() {
                if key == "data" { try readList("data") } else { try reader.skip() }
            }
        } else {
            try readTraceOrSpan()
        }
        try reader.finish()
        return spans
    }

    private mutating func readList(_ field: String) throws(ForeignTraceError) {
        if try reader.isAtObject() { return try readTraceOrSpan() }
        guard try reader.beginArray(field) else { return }
        while try reader.hasElement() { try readTraceOrSpan() }
    }

    /// What the object that comes next is tells the first key that only one kind has. Looks ahead without moving.
    private func isEnvelope() throws(ForeignTraceError) -> Bool {
        try firstKey(of: ["data", "errors", "total"], rather: ["spans", "processes", "spanID", "operationName"])
    }

    private func isTrace() throws(ForeignTraceError) -> Bool {
        try firstKey(of: ["spans", "processes"], rather: ["spanID", "operationName", "references", "startTime"])
    }

    private func firstKey(of wanted: [String], rather others: [String]) throws(ForeignTraceError) -> Bool {
        var probe = reader
        guard try probe.beginObject("trace") else { return false }
        while let key = try probe.nextKey() {
            if wanted.contains(key) { return true }
            if others.contains(key) { return false }
            try probe.skip()
        }
        return false
    }

    private mutating func readTraceOrSpan() throws(ForeignTraceError) {
        guard try isTrace() else {
            guard let span = try readSpan() else { return }
            spans.append(try span.value(resource: span.process ?? ResourceValue(), within: nil, reader))
            return
        }
        var traceID: TraceID?
        var own: [JaegerSpan] = []
        var processes: [String: ResourceValue] = [:]
        _ = try reader.beginObject("trace")
        while let key = try reader.nextKey() {
            switch key {
            case "traceID": traceID = ForeignID.trace(try reader.string("traceID"))
            case "spans":
                guard try reader.beginArray("spans") else { continue }
                while try reader.hasElement() {
                    guard spans.count + own.count < limits.maximumSpans else {
                        throw reader.error(.tooManySpans(limit: limits.maximumSpans))
                    }
                    if let span = try readSpan() { own.append(span) }
                }
            case "processes":
                guard try reader.beginObject("processes") else { continue }
                while let id = try reader.nextKey() {
                    processes[id] = try JaegerSpanReader.readProcess(&reader, limits)
                }
            default: try reader.skip()
            }
        }
        spans.reserveCapacity(spans.count + own.count)
        for span in own {
            var resource = span.process
            if resource == nil, !span.processID.isEmpty {
                guard let known = processes[span.processID] else {
                    throw reader.error(.unknownProcess(span.processID))
                }
                resource = known
            }
            spans.append(try span.value(resource: resource ?? ResourceValue(), within: traceID, reader))
        }
    }

    private mutating func readSpan() throws(ForeignTraceError) -> JaegerSpan? {
        guard spans.count < limits.maximumSpans else { throw reader.error(.tooManySpans(limit: limits.maximumSpans)) }
        return try JaegerSpanReader.readSpan(&reader, limits)
    }
}
