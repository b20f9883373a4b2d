@testable import Summaries
import TraceModel

/// Random numbers from a seed that a failing test prints.
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

/// A span with its texts, from which each builder makes a digest of its own symbols.
struct SampleSpan: Hashable {
    var trace: TraceID
    var spanID: UInt64
    var parentID: UInt64 = 0
    var start: UInt64
    var end: UInt64
    var service: String
    var name: String
    var kind: UInt8
    var isError = false
    var peer = ""
    var peerKind = SpanDigest.PeerKind.none
    var contentHash: UInt64

    /// The start of the time that samples are in: 2026-11-27 17:00.
    static let beginning: UInt64 = 1_795_798_800_000_000_000

    func digest(_ symbols: inout SymbolTable) -> SpanDigest {
        SpanDigest(
            trace: trace, spanID: spanID, parentID: parentID, start: start, end: end,
            service: symbols.intern(service), operation: symbols.operation(ofName: name.utf8Span.span), kind: kind,
            status: isError ? 2 : 0, peer: symbols.intern(peer), peerKind: peerKind, contentHash: contentHash)
    }
}

extension SummaryBuilder {
    mutating func add(_ span: SampleSpan) { add(span.digest(&symbols)) }
    mutating func preload(_ span: SampleSpan) { preload(span.digest(&symbols)) }

    static func summary(of spans: some Sequence<SampleSpan>, bounds: SummaryBounds = SummaryBounds()) -> Summary {
        var builder = SummaryBuilder(bounds: bounds)
        for span in spans { builder.add(span) }
        return builder.summary()
    }
}

/// Spans of random traces, in which much is wrong: missing and cyclic parents, copies that differ, times that are none.
struct SpanStream {
    var services = 5
    var names = 6
    var differingCopies = 0.15
    var minutes: UInt64 = 3

    func spans(traces: Int, using generator: inout SeededGenerator) -> [SampleSpan] {
        var result: [SampleSpan] = []
        for _ in 0..<traces {
            let trace = TraceID.random(using: &generator)
            let count = Int.random(in: 1...9, using: &generator)
            // Few ids, so that parents are often there.
            let ids = (0..<count).map { _ in UInt64.random(in: 1...20, using: &generator) }
            for id in ids {
                let span = span(trace, id, ids, using: &generator)
                result.append(span)
                while Double.random(in: 0..<1, using: &generator) < differingCopies {
                    result.append(copy(of: span, ids, using: &generator))
                }
            }
        }
        return result
    }

    private func span(
        _ trace: TraceID, _ id: UInt64, _ ids: [UInt64], using generator: inout SeededGenerator
    ) -> SampleSpan {
        let start: UInt64 =
            switch Int.random(in: 0..<30, using: &generator) {
            case 0: 0
            case 1: .max - 5
            default:
                SampleSpan.beginning + UInt64.random(in: 0..<(minutes * SummaryMinute.nanoseconds), using: &generator)
            }
        let length = UInt64.random(in: 0...(1 << UInt64.random(in: 1...34, using: &generator)), using: &generator)
        let kind = UInt8.random(in: 0...5, using: &generator)
        let hasPeer = Bool.random(using: &generator)
        return SampleSpan(
            trace: trace, spanID: id, parentID: parent(ids, using: &generator), start: start,
            end: start > .max - length ? .max : start + length,
            service:
                "service-\(Character(Unicode.Scalar(UInt8(97 + Int.random(in: 0..<services, using: &generator)))))",
            name:
                "GET /claims/\(Int.random(in: 0..<1000, using: &generator))/part\(Int.random(in: 0..<names, using: &generator))",
            kind: kind, isError: Int.random(in: 0..<5, using: &generator) == 0,
            peer: hasPeer ? ["orders", "postgresql", "example.org"].randomElement(using: &generator) ?? "" : "",
            peerKind: SpanDigest.PeerKind.allCases.randomElement(using: &generator) ?? .none,
            contentHash: generator.next())
    }

    private func parent(_ ids: [UInt64], using generator: inout SeededGenerator) -> UInt64 {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: 0
        case 1: 77
        default: ids.randomElement(using: &generator) ?? 0
        }
    }

    private func copy(
        of span: SampleSpan, _ ids: [UInt64], using generator: inout SeededGenerator
    ) -> SampleSpan {
        var copy = self.span(span.trace, span.spanID, ids, using: &generator)
        // Often equal in what is compared first.
        if Bool.random(using: &generator) { copy.end = span.end }
        if Bool.random(using: &generator) { copy.start = min(span.start, copy.end) }
        if Bool.random(using: &generator) { (copy.service, copy.name) = (span.service, span.name) }
        if Bool.random(using: &generator) { copy.parentID = span.parentID }
        return copy
    }
}
