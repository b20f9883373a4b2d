import CHMSProto
import CProtobufC
import WireFormat

/// Writes random messages from protobuf-c's descriptors: what the scanner knows of OTLP plays no part in it.
struct RandomMessage {
    var random: SeededGenerator

    /// A valid request of at most `ProtobufCOracle.maximumBytes`.
    static func request(_ kind: SignalKind, seed: UInt64) -> [UInt8] {
        var message = RandomMessage(random: SeededGenerator(seed: seed))
        while true {
            var writer = ProtobufWriter()
            message.write(ProtobufCOracle.descriptor(kind), &writer, depth: 1)
            if (1...ProtobufCOracle.maximumBytes).contains(writer.bytes.count) { return writer.bytes }
        }
    }

    /// `descriptor` is one of the generated ones, which live as long as the program.
    private mutating func write(
        _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, _ writer: inout ProtobufWriter, depth: Int
    ) {
        var fields = Array(
            UnsafeBufferPointer(start: descriptor.pointee.fields, count: Int(descriptor.pointee.n_fields)))
        if random.once(in: 4) { fields.shuffle(using: &random) }
        var oneofs: Set<UInt32> = []
        for field in fields {
            if field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0 {
                // Fields of one oneof share the place that tells which is set.
                guard Bool.random(using: &random), oneofs.insert(field.quantifier_offset).inserted else { continue }
            }
            let isRepeated = field.label == PROTOBUF_C_LABEL_REPEATED
            var count = isRepeated ? Int.random(in: 0...3, using: &random) : random.once(in: 5) ? 0 : 1
            if field.type == PROTOBUF_C_TYPE_MESSAGE, depth > 8 { count = random.once(in: 3) ? min(count, 1) : 0 }
            if depth > 16 { count = 0 }
            if isRepeated, isNumber(field.type), Bool.random(using: &random) {
                writer.bytes(field.id, packed(field.type, count))
                continue
            }
            for _ in 0..<count { write(field, &writer, depth: depth) }
        }
        if random.once(in: 10) { writeUnknown(&writer) }
    }

    private mutating func write(_ field: ProtobufCFieldDescriptor, _ writer: inout ProtobufWriter, depth: Int) {
        switch field.type {
        case PROTOBUF_C_TYPE_MESSAGE:
            // A field of type message has its descriptor there.
            let descriptor = field.descriptor!.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
            var inner = ProtobufWriter()
            write(descriptor, &inner, depth: depth + 1)
            writer.bytes(field.id, inner.bytes)
        case PROTOBUF_C_TYPE_STRING: writer.string(field.id, text())
        case PROTOBUF_C_TYPE_BYTES: writer.bytes(field.id, bytes(named: String(cString: field.name)))
        case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE:
            writer.fixed64(field.id, random.next())
        case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT:
            writer.fixed32(field.id, UInt32(truncatingIfNeeded: random.next()))
        default: writer.varint(field.id, number())
        }
    }

    private func isNumber(_ type: ProtobufCType) -> Bool {
        ![PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES].contains(type)
    }

    private mutating func packed(_ type: ProtobufCType, _ count: Int) -> [UInt8] {
        var writer = ProtobufWriter()
        for _ in 0..<count {
            if type == PROTOBUF_C_TYPE_UINT64 {
                writer.appendVarint(number())
            } else {
                for _ in 0..<8 { writer.appendVarint(random.next() & 0x7F) }
            }
        }
        return writer.bytes
    }

    private mutating func number() -> UInt64 { random.next() >> UInt64.random(in: 0...63, using: &random) }

    private mutating func text() -> String {
        let characters: [Character] = ["a", "z", "/", "0", "é", "€", "😀", "\u{0}", "\u{7F}"]
        let count = Int.random(in: 0...(random.once(in: 8) ? 60 : 20), using: &random)
        let isASCII = !random.once(in: 4)
        return String((0..<count).map { _ in isASCII ? "s" : characters.randomElement(using: &random)! })
    }

    /// Ids are mostly as they should be.
    private mutating func bytes(named name: String) -> [UInt8] {
        let right = name.hasSuffix("trace_id") ? 16 : 8
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return []
        case 1: return Array(repeating: 0, count: right)
        case 2: return Array(repeating: 5, count: Int.random(in: 1...20, using: &random))
        // Few different ones, so that spans of one trace follow each other.
        default: return Array(repeating: UInt8.random(in: 1...3, using: &random), count: right)
        }
    }

    private mutating func writeUnknown(_ writer: inout ProtobufWriter) {
        let number = UInt32.random(in: 17...(1 << 29 - 1), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: writer.varint(number, random.next())
        case 1: writer.fixed64(number, random.next())
        case 2: writer.fixed32(number, 7)
        default: writer.bytes(number, [0xFF, 0x0B, 0x80])
        }
    }
}
