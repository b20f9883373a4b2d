import JSON
import OTLP
import TraceAssembly
import TraceModel

/// An assembled trace as the API gives it. Resources and scopes stand once, in tables that spans point into, so the text
/// is linear in what the spans hold.
struct TraceJSON {
    private var writer: JSONWriter
    private let trace: AssembledTrace
    private let window: Range<Int>
    private let isTruncated: Bool
    /// The same tree with ranks and findings; nil where it is another one, as something came between two readings.
    private let rows: TraceRows?
    private var resources = ValueTable<ResourceValue>()
    private var scopes = ValueTable<ScopeValue>()

    /// Everything about one span that arrived; resource and scope written out.
    static func write(_ node: TraceNode, of trace: TraceID, to writer: inout JSONWriter) {
        guard let span = node.span else { return writer.null() }
        writer.object { writer in
            writer.member("traceId", trace.description)
            writer.member("spanId", node.spanID.description)
            if node.copies > 1 { writer.member("copies", node.copies) }
            writer.content(of: span)
            writer.key("resource")
            writer.write(span.resource)
            writer.key("scope")
            writer.write(span.scope)
            if !node.variants.isEmpty { writer.variants(node.variants) }
        }
    }

    /// Writes the nodes of `window`, which may reach beyond the last; everything else is about the whole trace.
    /// `isTruncated`: more of the trace is stored than was read.
    static func write(
        _ trace: AssembledTrace, _ view: TraceView?, window: Range<Int>, isTruncated: Bool, now: UInt64
    ) -> [UInt8] {
        let window = window.clamped(to: trace.nodes.indices)
        let isSame =
            view.map { view in
                view.shape.count == trace.nodes.count
                    && window.allSatisfy { view.shape.id[$0] == trace.nodes[$0].spanID.value }
            } ?? false
        let rows = isSame ? view.map { TraceRows($0, now: now, window: window) } : nil
        var json = TraceJSON(trace, window, isTruncated, rows)
        json.writeAll()
        return json.writer.bytes
    }

    private init(_ trace: AssembledTrace, _ window: Range<Int>, _ isTruncated: Bool, _ rows: TraceRows?) {
        self.isTruncated = isTruncated
        self.rows = rows
        self.trace = trace
        self.window = window
        writer = JSONWriter(capacity: 512 + window.count * 512)
    }

    private mutating func writeAll() {
        writer.beginObject()
        writer.key("trace")
        writeSummary()
        writer.key("spans")
        writer.beginArray()
        for index in window { writeNode(index) }
        writer.endArray()
        writeCriticalPath()
        writeTables()
        writer.endObject()
    }

    private mutating func writeSummary() {
        let summary = trace.summary
        writer.beginObject()
        writer.member("traceId", summary.traceID.description)
        if let root = summary.rootSpanID { writer.member("rootSpanId", root.description) }
        writer.member("rootService", summary.rootService)
        writer.member("rootName", summary.rootName)
        writer.member("start", text: summary.start)
        writer.member("end", text: summary.end)
        writer.member("durationNs", summary.duration)
        writer.member("criticalNs", summary.criticalTime)
        writer.member("spanCount", summary.spanCount)
        writer.member("errorCount", summary.errorCount)
        writer.member("missingCount", summary.missingCount)
        writer.member("duplicateCount", summary.duplicateCount)
        writer.member("conflictCount", summary.conflictCount)
        writer.member("maxDepth", summary.maxDepth)
        writer.member("nodeCount", trace.nodes.count)
        writer.member("offset", window.lowerBound)
        if isTruncated { writer.member("truncated", true) }
        writer.key("services")
        writer.beginArray()
        for share in summary.services {
            writer.beginObject()
            writer.member("name", share.name)
            writer.member("spans", share.spans)
            writer.member("errors", share.errors)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private mutating func writeNode(_ index: Int) {
        let node = trace.nodes[index]
        writer.beginObject()
        writer.member("spanId", node.spanID.description)
        writer.key("parent")
        if let parent = node.parent { writer.number(parent) } else { writer.null() }
        writer.member("depth", node.depth)
        writer.member("childCount", node.childCount)
        writer.member("subtreeCount", node.subtreeCount)
        writer.member("offsetNs", node.start - min(trace.summary.start, node.start))
        writer.member("durationNs", node.duration)
        writer.member("selfNs", node.selfTime)
        writer.member("criticalNs", node.criticalTime)
        writer.member("onCriticalPath", node.isOnCriticalPath)
        if let rows {
            rows.findings(index, to: &writer)
        } else {
            writer.member("latency_step", Int(node.latencyStep.rawValue))
            writer.key("latency_rank")
            writer.null()
        }
        writer.key("oddities")
        writer.beginArray()
        if !node.oddities.isEmpty { for word in node.oddities.words { writer.string(word) } }
        writer.endArray()
        writer.member("missing", node.isMissing)
        if let span = node.span {
            if node.copies > 1 { writer.member("copies", node.copies) }
            writer.content(of: span)
            writer.member("resource", resources.index(of: span.resource))
            writer.member("scope", scopes.index(of: span.scope))
            if !node.variants.isEmpty { writer.variants(node.variants) }
        }
        writer.endObject()
    }

    private mutating func writeCriticalPath() {
        writer.key("criticalPath")
        writer.beginArray()
        for segment in trace.criticalPath where window.contains(segment.node) {
            // [node, offset from the trace's start, length]
            writer.beginArray()
            writer.number(segment.node)
            writer.number(segment.start - trace.summary.start)
            writer.number(segment.end - segment.start)
            writer.endArray()
        }
        writer.endArray()
    }

    private mutating func writeTables() {
        writer.key("resources")
        writer.beginArray()
        for resource in resources.values { writer.write(resource) }
        writer.endArray()
        writer.key("scopes")
        writer.beginArray()
        for scope in scopes.values { writer.write(scope) }
        writer.endArray()
    }
}

/// Gives equal values the same number, in the order in which they first appear.
struct ValueTable<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int] = [:]

    mutating func index(of value: Value) -> Int {
        if let known = numbers[value] { return known }
        values.append(value)
        numbers[value] = values.count - 1
        return values.count - 1
    }
}

extension SpanStatus.Code {
    var word: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}
