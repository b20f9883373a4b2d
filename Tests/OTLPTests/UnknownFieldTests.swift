import Testing
import WireFormat

@testable import OTLP

@Suite struct UnknownFieldTests {
    /// Puts fields that OTLP does not define into random places of a message: into it, and into the messages in it.
    private func sprinkle(_ message: [UInt8], _ kind: MessageKind, _ random: inout SampleRandom) throws -> [UInt8] {
        var writer = ProtobufWriter()
        func addUnknown() {
            guard random.next(below: 3) == 0 else { return }
            let number = 100 + UInt32(random.next(below: 5_000))
            switch random.next(below: 4) {
            case 0: writer.varint(number, UInt64(random.next(below: 1 << 40)))
            case 1: writer.fixed64(number, UInt64(random.next(below: 1 << 40)))
            case 2: writer.fixed32(number, UInt32(random.next(below: 1 << 30)))
            default: writer.bytes(number, [UInt8](repeating: 0xFF, count: random.next(below: 200)))
            }
        }
        var cursor = FieldCursor(message.span)
        while let field = try cursor.next() {
            addUnknown()
            let start = field.start
            guard let index = kind.schema.index(ofNumber: field.number),
                case .message(let inner) = kind.schema.fields[index].type
            else {
                try cursor.skip(field)
                writer.append(message.span.extracting(start..<cursor.offset))
                continue
            }
            writer.bytes(field.number, try sprinkle(array(try cursor.readBytes(field)), inner, &random))
        }
        addUnknown()
        return writer.bytes
    }

    @Test(
        "The canonical form is its own canonical form, and what JSON with unknown fields kept reads back as",
        arguments: SignalKind.allCases)
    func canonicalIsWhatJSONKeeps(kind: SignalKind) throws {
        var withUnknown = 0
        for seed in 1...150 as ClosedRange<UInt64> {
            var generator = MessageGenerator(seed: seed)
            var random = SampleRandom(seed: seed)
            let plain = generator.message(.request(kind))
            #expect(try OTLPCanonicalForm.request(plain, kind: kind) == plain, "seed \(seed)")
            let message = try sprinkle(plain, .request(kind), &random)
            let canonical = try OTLPCanonicalForm.request(message, kind: kind)
            #expect(try OTLPCanonicalForm.request(canonical, kind: kind) == canonical, "seed \(seed)")
            #expect(canonical.count == message.count, "seed \(seed): nothing is lost")
            let json = try OTLPJSON.json(fromProtobuf: message, kind: kind, unknown: .kept)
            let back = try OTLPJSON.protobuf(fromJSON: json, kind: kind, unknown: .kept)
            #expect(back == canonical, "seed \(seed): \(String(decoding: json, as: UTF8.self))")
            // Readers that do not know the member see the request without the unknown fields.
            #expect(try OTLPJSON.protobuf(fromJSON: json, kind: kind) == plain, "seed \(seed)")
            if canonical != plain { withUnknown += 1 }
        }
        #expect(withUnknown > 100)
    }

    @Test("Without unknown fields the text is the same as ever")
    func plainText() throws {
        var generator = MessageGenerator(seed: 7)
        let message = generator.message(.request(.traces))
        let kept = try OTLPJSON.json(fromProtobuf: message, kind: .traces, unknown: .kept)
        #expect(kept == (try OTLPJSON.json(fromProtobuf: message, kind: .traces)))
    }

    @Test("Fields in any order, merged messages, unpacked numbers, long varints and defaults become one form")
    func equalMessages() throws {
        var point = ProtobufWriter()
        point.fixed64(6, 2)  // bucket counts, one by one
        point.fixed64(6, 3)
        point.fixed64(3, 9)
        let histogram = point.bytes
        var packed = ProtobufWriter()
        packed.fixed64(3, 9)
        packed.bytes(6, [2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
        #expect(try CanonicalWriter.message(histogram.span, .histogramPoint) == packed.bytes)

        // kind 1 in three bytes, after the name; a status in two parts; flags of zero.
        let odd: [UInt8] =
            [0x2A, 1, 0x61, 0x30, 0x81, 0x80, 0, 0x7A, 2, 0x18, 2, 0x7A, 3, 0x12, 1, 0x62, 0x85, 1, 0, 0, 0, 0]
        let even: [UInt8] = [0x2A, 1, 0x61, 0x30, 1, 0x7A, 5, 0x12, 1, 0x62, 0x18, 2]
        #expect(try CanonicalWriter.message(odd.span, .span) == even)
    }

    @Test(
        "A member @unknown that is no base64, no protobuf, given twice, or names a field that OTLP defines is an error",
        arguments: [
            #"{"@unknown":"!"}"#, #"{"@unknown":"//8="}"#, #"{"@unknown":1}"#, #"{"@unknown":"CgA="}"#,
            #"{"@unknown":"wj4B","@unknown":"wj4B"}"#,
        ])
    func refusesBadMembers(text: String) {
        let error = #expect(throws: OTLPJSONError.self) {
            try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: .traces, unknown: .kept)
        }
        #expect(error?.path == "@unknown")
        #expect(throws: Never.self) { try OTLPJSON.protobuf(fromJSON: Array(text.utf8), kind: .traces) }
    }
}

/// SplitMix64, the same for the same seed.
struct SampleRandom {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next(below limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(limit))
    }
}
