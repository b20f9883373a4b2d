import JSON
import WireFormat

/// Turns one OTLP protobuf message into JSON. A message is walked once to see which fields it holds and where, then once
/// for each of them, so fields may come in any order; nothing but the output is allocated.
struct OTLPJSONWriter {
    private var json: JSONWriter
    private let unknown: UnknownFields

    init(capacity: Int, pretty: Bool, unknown: UnknownFields = .leftOut) {
        json = JSONWriter(pretty: pretty, capacity: capacity)
        self.unknown = unknown
    }

    mutating func write(_ message: Span<UInt8>, _ kind: MessageKind) throws(WireError) -> [UInt8] {
        try writeMessage(message, base: 0, kind, valueDepth: 0)
        return json.bytes
    }

    private mutating func writeMessage(
        _ bytes: Span<UInt8>, base: Int, _ kind: MessageKind, valueDepth: Int
    ) throws(WireError) {
        let depth = kind == .anyValue ? valueDepth + 1 : valueDepth
        guard depth <= maximumValueDepth else {
            throw WireError(.nestedTooDeep(limit: maximumValueDepth), at: base, field: kind.schema.name)
        }
        let schema = kind.schema
        let extents = try FieldExtents(bytes, base: base, schema)
        json.beginObject()
        for index in schema.fields.indices where extents.count[index] > 0 {
            let range = extents.range(index)
            let field = schema.fields[index]
            let inner = FieldCursor(bytes.extracting(range), base: base + range.lowerBound)
            if field.presence == .repeated {
                try writeRepeated(inner, schema, field, valueDepth: depth)
            } else if case .message(let kind) = field.type {
                json.key(field.name)
                try writeSingular(inner, field, kind, isMerged: extents.count[index] > 1, valueDepth: depth)
            } else {
                try writeLast(inner, schema, field)
            }
        }
        if unknown == .kept, extents.hasUnknown {
            let fields = try FieldExtents.unknown(in: bytes, base: base, schema)
            json.key(UnknownFields.memberName)
            json.string(Base64.encode(fields.span))
        }
        json.endObject()
    }

    private mutating func writeRepeated(
        _ bytes: consuming FieldCursor, _ schema: MessageSchema, _ field: FieldSchema, valueDepth: Int
    ) throws(WireError) {
        var cursor = bytes
        json.key(field.name)
        json.beginArray()
        while let tag = try cursor.next() {
            guard tag.number == field.number else {
                try cursor.skip(tag)
                continue
            }
            if case .message(let kind) = field.type {
                let inner = try cursor.readBytes(tag)
                let base = cursor.absoluteOffset - inner.count
                try writeMessage(inner, base: base, kind, valueDepth: valueDepth)
            } else if field.type.isPackable, tag.type == .bytes {
                let packed = try cursor.readBytes(tag)
                let base = cursor.absoluteOffset - packed.count
                var position = 0
                while position < packed.count {
                    writeNumber(try field.type.readPackedBits(packed, at: &position, base: base), field.type)
                }
            } else {
                try writeScalar(&cursor, tag, schema, field)
            }
        }
        json.endArray()
    }

    /// A message field that stands several times is the merge of all, which for protobuf is their concatenation.
    private mutating func writeSingular(
        _ bytes: consuming FieldCursor, _ field: FieldSchema, _ kind: MessageKind, isMerged: Bool, valueDepth: Int
    ) throws(WireError) {
        var cursor = bytes
        var merged: [UInt8] = []
        let base = cursor.absoluteOffset
        while let tag = try cursor.next() {
            guard tag.number == field.number else {
                try cursor.skip(tag)
                continue
            }
            let inner = try cursor.readBytes(tag)
            if isMerged {
                inner.withUnsafeBufferPointer { merged.append(contentsOf: $0) }
            } else {
                let base = cursor.absoluteOffset - inner.count
                return try writeMessage(inner, base: base, kind, valueDepth: valueDepth)
            }
        }
        try writeMessage(merged.span, base: base, kind, valueDepth: valueDepth)
    }

    /// A scalar that stands several times has its last value.
    private mutating func writeLast(
        _ bytes: consuming FieldCursor, _ schema: MessageSchema, _ field: FieldSchema
    ) throws(WireError) {
        var scan = bytes
        while let tag = try scan.next() {
            // The extent ends with this field's last occurrence.
            guard tag.number == field.number else {
                try scan.skip(tag)
                continue
            }
            switch field.type {
            case .string, .bytes, .hexBytes:
                let text = try scan.readBytes(tag)
                guard scan.isAtEnd else { continue }
                if text.isEmpty, field.presence == .implicit { return }
                json.key(field.name)
                try writeText(text, at: scan.absoluteOffset - text.count, schema, field)
            default:
                let value = try field.type.readBits(&scan, tag)
                guard scan.isAtEnd else { continue }
                if value == 0, field.presence == .implicit { return }
                json.key(field.name)
                writeNumber(value, field.type)
            }
        }
    }

    private mutating func writeScalar(
        _ cursor: inout FieldCursor, _ tag: FieldCursor.Field, _ schema: MessageSchema, _ field: FieldSchema
    ) throws(WireError) {
        switch field.type {
        case .string, .bytes, .hexBytes:
            let text = try cursor.readBytes(tag)
            try writeText(text, at: cursor.absoluteOffset - text.count, schema, field)
        default: writeNumber(try field.type.readBits(&cursor, tag), field.type)
        }
    }

    private mutating func writeText(
        _ bytes: Span<UInt8>, at offset: Int, _ schema: MessageSchema, _ field: FieldSchema
    ) throws(WireError) {
        switch field.type {
        case .hexBytes: json.string(Hex.text(array(bytes)))
        case .bytes: json.string(Base64.encode(bytes))
        default:
            do {
                _ = try UTF8Span(validating: bytes)
            } catch {
                throw WireError(.invalidUTF8, at: offset, field: "\(schema.name).\(field.name)")
            }
            json.string(bytes)
        }
    }

    /// Writes the bits of a scalar as JSON has them: 64-bit integers as strings, the rest as numbers.
    private mutating func writeNumber(_ bits: UInt64, _ type: FieldType) {
        switch type {
        case .bool: json.bool(bits != 0)
        case .int64, .sfixed64: json.string(String(Int64(bitPattern: bits)))
        case .uint64, .fixed64: json.string(String(bits))
        case .uint32, .fixed32: json.number(UInt32(truncatingIfNeeded: bits))
        case .sint32:
            let folded = UInt32(truncatingIfNeeded: bits)
            json.number(Int32(bitPattern: folded >> 1) ^ -Int32(bitPattern: folded & 1))
        case .enumeration: json.number(Int32(truncatingIfNeeded: bits))
        case .double: json.double(Double(bitPattern: bits))
        case .string, .bytes, .hexBytes, .message: preconditionFailure("not a number")
        }
    }
}
