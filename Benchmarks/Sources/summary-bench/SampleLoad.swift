import Summaries
import TraceModel

/// Traces of 8 spans over 20 services with 100 operations, as one segment holds them.
struct SampleLoad {
    static let operations = (0..<100).map { number in "GET /service\(number / 5 % 20)/resource\(number % 5)/list" }
    private static let start: UInt64 = 1_795_798_800_000_000_000

    let traces: Int
    let minutes: Int
    private var spans: [Sample] = []

    private struct Sample {
        var trace: TraceID
        var spanID: UInt64
        var parentID: UInt64
        var start: UInt64
        var duration: UInt64
        var service: Int
        var operation: Int
        var kind: UInt8
        var isError: Bool
    }

    var count: Int { spans.count }

    init(spans count: Int, minutes: Int = 2, isShuffled: Bool = false) {
        (traces, self.minutes) = (count / 8, minutes)
        for trace in 0..<traces {
            let id = TraceID.random()
            let begin =
                Self.start + UInt64(trace) * UInt64(minutes) * SummaryMinute.nanoseconds / UInt64(traces)
            let ids = (0..<8).map { _ in UInt64.random(in: 1 ... .max) }
            // The root, then pairs of a client span and the server span that it calls, or a client of a database.
            for index in 0..<8 {
                let operation = (trace &* 31 &+ index / 2 &* 7) % 100
                let isServer = index % 2 == 0
                spans.append(
                    Sample(
                        trace: id, spanID: ids[index], parentID: index == 0 ? 0 : ids[index - 1],
                        start: begin + UInt64(index) * 100_000,
                        duration: 1_000_000 * UInt64(8 - index) + UInt64.random(in: 0..<40_000_000),
                        service: operation / 5, operation: operation, kind: isServer ? 2 : 3,
                        isError: Int.random(in: 0..<100) == 0))
            }
        }
        if isShuffled { spans.shuffle() }
    }

    func digests(_ symbols: inout SymbolTable) -> [SpanDigest] {
        let services = (0..<20).map { symbols.intern("service-\($0)") }
        let operations = Self.operations.map { symbols.operation(ofName: $0.utf8Span.span) }
        let database = symbols.intern("postgresql")
        return spans.map { span in
            let isClient = span.kind == 3
            return SpanDigest(
                trace: span.trace, spanID: span.spanID, parentID: span.parentID, start: span.start,
                end: span.start + span.duration, service: services[span.service],
                operation: operations[span.operation], kind: span.kind, status: span.isError ? 2 : 0,
                peer: isClient ? database : SymbolTable.none, peerKind: isClient ? .database : .none,
                contentHash: span.spanID ^ span.duration)
        }
    }
}
