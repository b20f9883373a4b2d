import SelfTelemetry
import TraceModel
import WireFormat

/// The ids of a refused message's spans, as far as it can be read: for telling whose spans were turned away. Looks at the
/// first megabyte and keeps a few.
struct NamedIDs: Sendable {
    private(set) var traces: [String] = []
    private(set) var spans: [String] = []

    private static let longestLook = 1 << 20

    /// - Parameter onlyBad: leaves out spans with two good ids, which were taken.
    init(_ message: Span<UInt8>, atMost limit: Int = RefusalRing.maxIDs, onlyBad: Bool = false) {
        let start = message.extracting(first: min(message.count, Self.longestLook))
        var nothing: [UInt8] = []
        var traces: [String] = []
        var spans: [String] = []
        // Ends where the message is malformed; what came before is told all the same.
        _ = try? SpanFilter.copy(start, into: &nothing) { traceID, spanID in
            let trace = Self.hex(traceID, length: 16)
            let span = Self.hex(spanID, length: 8)
            if onlyBad, trace != nil, span != nil { return false }
            if let trace, traces.count < limit, traces.last != trace { traces.append(trace) }
            if let span, spans.count < limit { spans.append(span) }
            return false
        }
        self.traces = traces
        self.spans = spans
    }

    /// Nil where the bytes are no id: of another length, or all zero.
    private static func hex(_ bytes: Span<UInt8>, length: Int) -> String? {
        guard bytes.count == length else { return nil }
        var text = ""
        var isZero = true
        for index in bytes.indices {
            let byte = bytes[index]
            if byte != 0 { isZero = false }
            if byte < 16 { text.append("0") }
            text.append(String(byte, radix: 16))
        }
        return isZero ? nil : text
    }
}
