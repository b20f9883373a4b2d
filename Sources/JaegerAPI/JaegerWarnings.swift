import OTLP
import TraceAssembly

/// What a reader of a trace in Jaeger's shape would otherwise not see: sentences for `warnings`.
enum JaegerWarnings {
    static func of(_ node: TraceNode, in trace: AssembledTrace) -> [String] {
        guard let span = node.span else { return [] }
        var warnings: [String] = []
        if let parent = node.parent, trace.nodes[parent].isMissing {
            warnings.append("the parent span \(trace.nodes[parent].spanID) was not received")
        }
        if node.copies > 1 { warnings.append("this span was received \(node.copies) times; shown once") }
        if !node.variants.isEmpty {
            let count = node.variants.count
            warnings.append(
                "\(count) other \(count == 1 ? "span" : "spans") with this ID and different content "
                    + "\(count == 1 ? "was" : "were") received and not shown here; see /api/v1/traces/\(span.traceID)")
        }
        if node.oddities.contains(.selfParent) {
            warnings.append("the span names itself as its parent; shown as a root")
        } else if node.oddities.contains(.cycleCut), let parent = span.parentSpanID {
            warnings.append("the parents form a ring; the reference to the parent \(parent) is left out here")
        }
        if node.oddities.contains(.timeUnset) { warnings.append("the start or end time was not set by the sender") }
        if node.oddities.contains(.timeAbsurd) { warnings.append("a time of this span cannot be true") }
        if node.oddities.contains(.endsBeforeStart) {
            let gap = span.startUnixNano - min(span.endUnixNano, span.startUnixNano)
            warnings.append("the span ends \(gap / 1000) µs before it starts; the duration is given as 0")
        }
        if node.oddities.contains(.startsBeforeParent), let parent = node.parent {
            let gap = trace.nodes[parent].start - min(node.start, trace.nodes[parent].start)
            warnings.append(
                "the span starts \(gap / 1000) µs before its parent: clocks disagree; times are not adjusted")
        }
        let dropped = [
            (span.droppedAttributes, "tags"), (span.droppedEvents, "logs"), (span.droppedLinks, "references"),
        ]
        for (count, what) in dropped where count > 0 {
            warnings.append("the sender left out \(count) \(what)")
        }
        return warnings
    }

    static func of(_ trace: AssembledTrace) -> [String] {
        var warnings: [String] = []
        let missing = trace.summary.missingCount
        if missing > 0 {
            warnings.append(
                "\(missing) \(missing == 1 ? "span" : "spans") named as parent "
                    + "\(missing == 1 ? "was" : "were") not received")
        }
        return warnings
    }
}
