import CallGraph
import OTLP
import Summaries
import TraceAssembly
import TraceModel

/// A generator that gives the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

let sampleTrace = TraceID(high: 7, low: 7)

/// A span of the sample trace, ids given as small numbers.
func sample(
    _ id: UInt64, under parent: UInt64? = nil, _ start: UInt64, _ end: UInt64, _ service: String,
    _ kind: SpanKind = .internal, error: Bool = false, attributes: [Attribute] = [], links: [SpanLink] = [],
    of trace: TraceID = sampleTrace
) -> SpanValue {
    SpanValue(
        traceID: trace, spanID: SpanID(value: id), parentSpanID: parent.map { SpanID(value: $0) },
        name: "span", kind: kind, startUnixNano: start, endUnixNano: end, attributes: attributes, links: links,
        status: SpanStatus(error ? .error : .unset),
        resource: ResourceValue([Attribute("service.name", .string(service))]))
}

func link(to id: UInt64, of trace: TraceID = sampleTrace) -> SpanLink {
    SpanLink(traceID: trace, spanID: SpanID(value: id))
}

func graphOf(_ spans: [SpanValue], linked: (SpanLink) -> String? = { _ in nil }) -> CallGraph {
    CallGraph(assemble(spans, as: sampleTrace), linked: linked)
}

func service(_ name: String) -> GraphNodeID { GraphNodeID(.service, name) }

func figures(_ durations: [UInt64], errors: Int64 = 0) -> Figures {
    Figures(
        errors: errors, durationSum: durations.reduce(0) { $0 + Int128($1) },
        durations: DurationHistogram(ofBuckets: durations.map { DurationBuckets.index(of: $0) }))
}

extension CallGraph {
    /// One line a node or edge: how often, how often wrong, its time in all, and what of it was critical.
    var lines: [String] {
        nodes.sorted { $0.key < $1.key }.map { id, node in
            "\(id.text) \(node.total.count)/\(node.spans.count) e\(node.total.errors) \(node.total.durationSum) c\(node.criticalTime)"
        }
            + edges.sorted { $0.key < $1.key }.map { id, edge in
                "\(id.from.name) -\(id.kind)> \(id.to.name) \(edge.total.count) e\(edge.total.errors) "
                    + "\(edge.total.durationSum) c\(edge.criticalTime)"
            }
    }
}
