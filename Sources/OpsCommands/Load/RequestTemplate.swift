import Glibc
package import TraceModel

/// Export requests of `spans` spans, encoded before the first is sent. What is sent differs in ids, times and some values
/// only, which are patched where they stand: sending costs little beside receiving.
///
/// A request holds whole traces, or a trace is sent in several requests that follow each other.
package struct RequestTemplate: Sendable {
    package let spans: Int
    /// The spans of each trace that one request holds.
    package let traceSizes: [Int]
    /// Requests that make up one trace.
    package let requestsPerTrace: UInt64
    private let sheets: [Sheet]
    /// When the trace that is being sent ended, where it takes several requests.
    private var ended: UInt64 = 0

    /// One encoded request.
    private struct Sheet {
        var bytes: [UInt8]
        /// By offset, so those of one span follow each other.
        var holes: [Stencil.Hole]
        var slots: [Slot]
    }

    private struct Slot {
        /// Which of the request's traces, and the number within it.
        var trace: Int
        var span: Int
        var parent: Int
        var from: Double
        var to: Double
    }

    /// What the spans of a trace have in common.
    private struct TraceValues {
        var id: TraceID
        var start: UInt64
        var duration: Double
        var user: UInt64
        var object: UInt64
    }

    /// Spans that are encoded before they repeat.
    private static let variety = 8_192

    /// - Parameters:
    ///   - spansPerTrace: more than `spans` only as a multiple of it.
    ///   - requests: how many will be asked for, if that is known.
    package init(spans: Int, spansPerTrace: Int, requests: UInt64? = nil) {
        precondition(spans > 0 && spansPerTrace > 0, "a request holds at least one span")
        precondition(Self.fits(spansPerTrace, in: spans), "a trace of several requests is a multiple of them")
        self.spans = spans
        var random = LoadRandom(seed: 1)
        guard spansPerTrace <= spans else {
            let trace = MadeUpTrace(spans: spansPerTrace, &random)
            traceSizes = [spans]
            requestsPerTrace = UInt64(spansPerTrace / spans)
            sheets = stride(from: 0, to: spansPerTrace, by: spans).map { first in
                Self.sheet((first..<first + spans).map { (0, $0, trace.spans[$0]) }, &random)
            }
            return
        }
        var sizes = [Int](repeating: spansPerTrace, count: spans / spansPerTrace)
        if spans % spansPerTrace > 0 { sizes.append(spans % spansPerTrace) }
        traceSizes = sizes
        requestsPerTrace = 1
        let count = min(max(4, Self.variety / spans), Int(clamping: max(1, requests ?? .max)))
        sheets = (0..<count).map { _ in
            let placed = sizes.enumerated().flatMap { trace, size in
                MadeUpTrace(spans: size, &random).spans.enumerated().map { (trace, $0.offset, $0.element) }
            }
            return Self.sheet(placed, &random)
        }
    }

    /// Whether traces of that size can be sent in requests of that size.
    package static func fits(_ spansPerTrace: Int, in spans: Int) -> Bool {
        spansPerTrace <= spans || spansPerTrace % spans == 0
    }

    /// The request number `number` of a run, with its traces ended a moment before `time`. Numbers rise.
    package mutating func request(_ number: UInt64, ids: LoadIDs, time: UInt64) -> [UInt8] {
        if number % requestsPerTrace == 0 { ended = time }
        let sheet = sheets[Int(number % UInt64(sheets.count))]
        let values = traces(of: number, ids: ids).map { Self.values(of: $0.id, ended: ended) }
        var bytes = sheet.bytes
        var current = -1
        var (trace, slot, id) = (values[0], sheet.slots[0], SpanID(value: 0))
        var (start, end): (UInt64, UInt64) = (0, 0)
        for hole in sheet.holes {
            if hole.span != current {
                current = hole.span
                slot = sheet.slots[current]
                trace = values[slot.trace]
                id = ids.span(slot.span, of: trace.id)
                start = trace.start &+ UInt64(trace.duration * slot.from)
                end = max(start &+ 1_000, trace.start &+ UInt64(trace.duration * slot.to))
            }
            switch hole.filling {
            case .traceID:
                Self.putBigEndian(trace.id.high, at: hole.offset, &bytes)
                Self.putBigEndian(trace.id.low, at: hole.offset + 8, &bytes)
            case .spanID: Self.putBigEndian(id.value, at: hole.offset, &bytes)
            case .parentID: Self.putBigEndian(ids.span(slot.parent, of: trace.id).value, at: hole.offset, &bytes)
            case .start: Self.putBigEndian(start.byteSwapped, at: hole.offset, &bytes)
            case .end: Self.putBigEndian(end.byteSwapped, at: hole.offset, &bytes)
            case .user: Self.putDigits(trace.user, at: hole.offset, &bytes)
            case .object: Self.putDigits(trace.object, at: hole.offset, &bytes)
            case .number: Self.putDigits((id.value >> 40) % 1_000_000, at: hole.offset, &bytes)
            case .hex: Self.putHex(id.value, at: hole.offset, &bytes)
            case .port:
                let port = 32_768 + id.value >> 50
                bytes[hole.offset] = UInt8(truncatingIfNeeded: port) | 0x80
                bytes[hole.offset + 1] = UInt8(truncatingIfNeeded: port >> 7) | 0x80
                bytes[hole.offset + 2] = UInt8(truncatingIfNeeded: port >> 14)
            }
        }
        return bytes
    }

    /// The traces of request `number`, with the number of spans of each in it.
    package func traces(of number: UInt64, ids: LoadIDs) -> [(id: TraceID, spans: Int)] {
        let first = number / requestsPerTrace &* UInt64(traceSizes.count)
        return traceSizes.enumerated().map { (ids.trace(first &+ UInt64($0.offset)), $0.element) }
    }

    /// Traces that request `number` completes.
    package func completedTraces(by number: UInt64) -> Int {
        (number + 1) % requestsPerTrace == 0 ? traceSizes.count : 0
    }

    // MARK: Encoding, once

    private static func sheet(
        _ placed: [(trace: Int, number: Int, span: MadeUpTrace.Span)], _ random: inout LoadRandom
    ) -> Sheet {
        var request = Stencil()
        var slots: [Slot] = []
        // A ResourceSpans for each service, as a pod sends what it has together.
        for service in MadeUpSpan.services.indices {
            let mine = placed.filter { $0.span.service == service }
            guard !mine.isEmpty else { continue }
            let pod = random.below(3)
            var scope = Stencil()
            scope.message(1, MadeUpSpan.scope(of: service))
            for (trace, number, span) in mine {
                var encoded = MadeUpSpan.encode(span, &random)
                encoded.assign(to: slots.count)
                slots.append(
                    Slot(trace: trace, span: number, parent: span.parent ?? 0, from: span.from, to: span.to))
                scope.message(2, encoded)
            }
            request.message(1) { resource in
                resource.message(1, MadeUpSpan.resource(of: service, pod: pod))
                resource.message(2, scope)
            }
        }
        return Sheet(bytes: request.bytes, holes: request.holes, slots: slots)
    }

    // MARK: Values

    /// Microseconds, log-normal about 45 ms.
    private static let durations: [Double] = {
        var random = LoadRandom(seed: 2)
        return (0..<4_096).map { _ in min(max(1_000, 45_000 * exp(0.9 * random.normal())), 10_000_000) }
    }()

    private static func values(of id: TraceID, ended: UInt64) -> TraceValues {
        let mixed = LoadIDs.mix(id.high &+ id.low)
        let duration = durations[Int(mixed & 4_095)] * 1_000
        let ago = mixed >> 12 & 0x3FFF_FFFF
        let user = ((mixed >> 44) * 1_000_000) >> 20
        return TraceValues(
            id: id, start: ended &- UInt64(duration) &- ago, duration: duration,
            user: user * user / 1_000_000, object: ((id.low >> 40) * 1_000_000) >> 24)
    }

    private static func putBigEndian(_ value: UInt64, at position: Int, _ bytes: inout [UInt8]) {
        for index in 0..<8 { bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * index)) }
    }

    private static func putDigits(_ value: UInt64, at position: Int, _ bytes: inout [UInt8]) {
        var rest = value
        for index in stride(from: 5, through: 0, by: -1) {
            bytes[position + index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    private static func putHex(_ value: UInt64, at position: Int, _ bytes: inout [UInt8]) {
        for index in 0..<8 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index) & 15)
            bytes[position + index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }
}
