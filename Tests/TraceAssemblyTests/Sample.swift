import OTLP
import TraceModel

let sampleTrace = TraceID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)

/// A span of the sample trace, ids given as small numbers.
func sample(
    _ id: UInt64, under parent: UInt64? = nil, _ start: UInt64, _ end: UInt64, service: String = "svc",
    name: String? = nil, error: Bool = false, kind: SpanKind = .internal
) -> SpanValue {
    SpanValue(
        traceID: sampleTrace, spanID: SpanID(value: id), parentSpanID: parent.map { SpanID(value: $0) },
        name: name ?? "span-\(id)", kind: kind, startUnixNano: start, endUnixNano: end,
        status: SpanStatus(error ? .error : .unset),
        resource: ResourceValue([Attribute("service.name", .string(service))]))
}

/// A generator that gives the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
