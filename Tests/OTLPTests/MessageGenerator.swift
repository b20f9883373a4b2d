import WireFormat

@testable import OTLP

/// Makes canonical random messages from the schema table. The same seed gives the same messages.
struct MessageGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    private mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    private mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func message(_ kind: MessageKind, depth: Int = 0) -> [UInt8] {
        var writer = ProtobufWriter()
        let fields = kind.schema.fields
        let members = fields.filter { $0.presence == .oneof }
        let chosen = members.isEmpty || below(8) == 0 ? nil : members[below(members.count)].number
        for field in fields {
            switch field.presence {
            case .oneof where field.number != chosen: continue
            case .implicit, .optional: if below(3) == 0 { continue }
            default: break
            }
            if field.presence == .repeated {
                appendRepeated(field, depth: depth, to: &writer)
            } else {
                append(field, depth: depth, to: &writer)
            }
        }
        return writer.bytes
    }

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var changed = bytes
        switch below(3) {
        case 0: changed.removeSubrange(below(changed.count)...)
        case 1: changed[below(changed.count)] = UInt8(truncatingIfNeeded: next())
        default: changed[below(changed.count)] ^= 1 << UInt8(below(8))
        }
        return changed
    }

    private mutating func appendRepeated(_ field: FieldSchema, depth: Int, to writer: inout ProtobufWriter) {
        let count = depth > 10 ? 0 : below(4)
        if field.type.isPackable {
            var packed = ProtobufWriter()
            for _ in 0..<count {
                let bits = number(field.type)
                if field.type.width == .eight {
                    withUnsafeBytes(of: bits.littleEndian) { packed.append(Array($0).span) }
                } else {
                    packed.appendVarint(bits)
                }
            }
            if count > 0 { writer.bytes(field.number, packed.bytes) }
        } else {
            for _ in 0..<count { append(field, depth: depth, to: &writer) }
        }
    }

    private mutating func append(_ field: FieldSchema, depth: Int, to writer: inout ProtobufWriter) {
        let keepsDefault = field.presence != .implicit
        switch field.type {
        case .message(let kind): writer.bytes(field.number, message(kind, depth: depth + 1))
        case .string:
            let text = string()
            if keepsDefault || !text.isEmpty { writer.string(field.number, text) }
        case .bytes, .hexBytes:
            let length = [0, 1, 2, 3, 8, 16][below(6)]
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: next()) }
            if keepsDefault || !bytes.isEmpty { writer.bytes(field.number, bytes) }
        default:
            let bits = number(field.type)
            guard keepsDefault || bits != 0 else { return }
            switch field.type.width {
            case .varint: writer.varint(field.number, bits)
            case .four: writer.fixed32(field.number, UInt32(truncatingIfNeeded: bits))
            case .eight: writer.fixed64(field.number, bits)
            }
        }
    }

    private mutating func string() -> String {
        let alphabet: [Character] = ["a", "\"", "\\", "\n", "\0", "é", "€", "😀", "\u{9B}", "\u{7F}", "/", "\u{2028}"]
        return String((0..<below(6)).map { _ in alphabet[below(alphabet.count)] })
    }

    /// The bits of a number as they stand on the wire, extremes often.
    private mutating func number(_ type: FieldType) -> UInt64 {
        let choices: [UInt64] = [0, 1, .max, 1 << 63, (1 << 63) - 1, next(), next() >> 32, next() >> 56]
        let any = choices[below(8)]
        switch type {
        case .bool: return any & 1
        case .uint32, .fixed32, .sint32: return any & 0xFFFF_FFFF
        case .enumeration: return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: any)))
        case .double:
            let value = Double(bitPattern: any)
            // JSON knows one NaN.
            return value.isNaN ? Double.nan.bitPattern : any
        default: return any
        }
    }
}
