package import TraceModel
import WireFormat

/// One export request of `spans` spans, encoded once. Later requests differ in ids and times only, which are patched
/// into the bytes where they stand: sending costs next to nothing beside receiving.
package struct RequestTemplate: Sendable {
    package let spans: Int
    /// Traces that one request holds, each whole, and the spans of each.
    package let traceSizes: [Int]
    private var bytes: [UInt8]
    private var slots: [Slot] = []

    /// Where one span's ids and times stand in `bytes`.
    private struct Slot: Sendable {
        let trace: Int
        let span: Int
        let traceID: Int
        let spanID: Int
        let parentID: Int?
        let start: Int
        let end: Int
        let startOffset: UInt64
        let endOffset: UInt64
    }

    private static let markedTrace: [UInt8] = [UInt8](repeating: 0xA5, count: 16)
    private static let markedSpan: [UInt8] = [UInt8](repeating: 0x5A, count: 8)

    package init(spans: Int, spansPerTrace: Int) {
        precondition(spans > 0 && spansPerTrace > 0, "a request holds at least one span")
        self.spans = spans
        var sizes = [Int](repeating: spansPerTrace, count: spans / spansPerTrace)
        if spans % spansPerTrace > 0 { sizes.append(spans % spansPerTrace) }
        traceSizes = sizes

        var located: [(trace: Int, span: Int)] = []
        for (trace, size) in sizes.enumerated() { located += (0..<size).map { (trace, $0) } }
        var writer = ProtobufWriter(capacity: spans * 420)
        // A ResourceSpans for each service; the spans of a trace go round the services.
        var order: [(trace: Int, span: Int)] = []
        for (service, name) in Self.services.enumerated() {
            let mine = located.filter { $0.span % Self.services.count == service }
            guard !mine.isEmpty else { continue }
            order += mine
            writer.message(1) { writer in
                writer.message(1) { Self.attribute("service.name", name, number: 1, to: &$0) }
                writer.message(2) { writer in
                    writer.message(1) { $0.string(1, "hms-ops load") }
                    for place in mine { Self.write(place.span, of: sizes[place.trace], to: &writer) }
                }
            }
        }
        bytes = writer.bytes
        locate(order, sizes)
    }

    /// The request number `number` of a run, with its traces' times starting at `time`.
    package mutating func request(_ number: UInt64, ids: LoadIDs, time: UInt64) -> [UInt8] {
        let first = number &* UInt64(traceSizes.count)
        for slot in slots {
            let trace = first &+ UInt64(slot.trace)
            let id = ids.trace(trace)
            putBigEndian(id.high, at: slot.traceID)
            putBigEndian(id.low, at: slot.traceID + 8)
            putBigEndian(ids.span(slot.span, of: id).value, at: slot.spanID)
            if let parentID = slot.parentID {
                putBigEndian(ids.span((slot.span - 1) / 2, of: id).value, at: parentID)
            }
            putLittleEndian(time &+ slot.startOffset, at: slot.start)
            putLittleEndian(time &+ slot.endOffset, at: slot.end)
        }
        return bytes
    }

    /// The traces of request `number`, with the number of spans of each.
    package func traces(of number: UInt64, ids: LoadIDs) -> [(id: TraceID, spans: Int)] {
        let first = number &* UInt64(traceSizes.count)
        return traceSizes.enumerated().map { (ids.trace(first &+ UInt64($0.offset)), $0.element) }
    }

    // MARK: Encoding, once

    private static let services = ["gateway", "eligibility", "payments", "ledger"]

    private static func write(_ span: Int, of size: Int, to writer: inout ProtobufWriter) {
        writer.message(2) { writer in
            writer.bytes(1, markedTrace)
            writer.bytes(2, markedSpan)
            if span > 0 { writer.bytes(4, markedSpan) }
            writer.string(5, "POST /v1/eligibility/\(span)")
            writer.varint(6, span == 0 ? 2 : 3)
            writer.fixed64(7, .max)
            writer.fixed64(8, .max)
            attribute("http.request.method", "POST", number: 9, to: &writer)
            attribute("url.path", "/v1/eligibility/check", number: 9, to: &writer)
            attribute("server.address", "eligibility.default.svc.cluster.local", number: 9, to: &writer)
            attribute("http.response.status_code", 200, number: 9, to: &writer)
            attribute("hms.a2a.envelope_id", "env-20260101-000042", number: 9, to: &writer)
            attribute("tenant", "north-clinic", number: 9, to: &writer)
            attribute("span.number", UInt64(span), number: 9, to: &writer)
            attribute("span.siblings", UInt64(size), number: 9, to: &writer)
        }
    }

    private static func attribute(_ key: String, _ value: String, number: UInt32, to writer: inout ProtobufWriter) {
        writer.message(number) { writer in
            writer.string(1, key)
            writer.message(2) { $0.string(1, value) }
        }
    }

    private static func attribute(_ key: String, _ value: UInt64, number: UInt32, to writer: inout ProtobufWriter) {
        writer.message(number) { writer in
            writer.string(1, key)
            writer.message(2) { $0.varint(3, value) }
        }
    }

    /// Finds the marked ids and times. Each span begins with its marked trace ID, and between that and its times stands
    /// nothing of variable meaning, so the distances follow from the encoding.
    private mutating func locate(_ order: [(trace: Int, span: Int)], _ sizes: [Int]) {
        var position = 0
        for place in order {
            position = find(Self.markedTrace, from: position)
            let traceID = position
            let spanID = traceID + 16 + 2
            let parentID = place.span > 0 ? spanID + 8 + 2 : nil
            let start = find([UInt8](repeating: 0xFF, count: 8), from: spanID)
            let depth = UInt64(place.span)
            slots.append(
                Slot(
                    trace: place.trace, span: place.span, traceID: traceID, spanID: spanID, parentID: parentID,
                    start: start, end: start + 9, startOffset: depth &* 150_000,
                    endOffset: 4_000_000 + UInt64(sizes[place.trace]) &* 300_000 &- depth &* 150_000))
            position = start + 17
        }
    }

    private func find(_ mark: [UInt8], from start: Int) -> Int {
        var position = start
        while bytes[position..<position + mark.count] != mark[...] { position += 1 }
        return position
    }

    private mutating func putBigEndian(_ value: UInt64, at position: Int) {
        for index in 0..<8 { bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * index)) }
    }

    private mutating func putLittleEndian(_ value: UInt64, at position: Int) {
        for index in 0..<8 { bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
}
