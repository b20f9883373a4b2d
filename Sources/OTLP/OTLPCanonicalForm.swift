package import WireFormat

/// The one form that all encodings of a request have in common: fields in the order of their numbers, unknown ones behind
/// them in the order in which they came, each singular message merged into one, defaults left out where they mean nothing,
/// repeated numbers packed, the shortest varints, one NaN. Two encodings that say the same become the same bytes; what was
/// written as JSON with its unknown fields kept and read back is in this form already.
package enum OTLPCanonicalForm {
    package static func request(_ message: Span<UInt8>, kind: SignalKind) throws(WireError) -> [UInt8] {
        try CanonicalWriter.message(message, .request(kind))
    }

    package static func request(_ message: [UInt8], kind: SignalKind) throws(WireError) -> [UInt8] {
        try request(message.span, kind: kind)
    }
}

/// Writes messages in canonical form. Recurses as deep as the schema, whose only cycle is AnyValue, which is counted.
enum CanonicalWriter {
    static func message(_ bytes: Span<UInt8>, _ kind: MessageKind) throws(WireError) -> [UInt8] {
        var writer = ProtobufWriter(capacity: bytes.count + 16)
        try write(bytes, base: 0, kind, valueDepth: 0, to: &writer)
        return writer.bytes
    }

    private static func write(
        _ bytes: Span<UInt8>, base: Int, _ kind: MessageKind, valueDepth: Int, to writer: inout ProtobufWriter
    ) throws(WireError) {
        let depth = kind == .anyValue ? valueDepth + 1 : valueDepth
        guard depth <= maximumValueDepth else {
            throw WireError(.nestedTooDeep(limit: maximumValueDepth), at: base, field: kind.schema.name)
        }
        let schema = kind.schema
        let extents = try FieldExtents(bytes, base: base, schema)
        for index in schema.fields.indices where extents.count[index] > 0 {
            let range = extents.range(index)
            let field = schema.fields[index]
            let inner = bytes.extracting(range)
            let innerBase = base + range.lowerBound
            if case .message(let kind) = field.type {
                if field.presence == .repeated || extents.count[index] == 1 {
                    try writeMessages(inner, base: innerBase, field, kind, valueDepth: depth, to: &writer)
                } else {
                    try writeMerged(inner, base: innerBase, field, kind, valueDepth: depth, to: &writer)
                }
            } else if field.presence != .repeated {
                try writeLast(inner, base: innerBase, field, to: &writer)
            } else if field.type.isPackable {
                try writePacked(inner, base: innerBase, field, to: &writer)
            } else {
                try copyAll(inner, base: innerBase, field, to: &writer)
            }
        }
        guard extents.hasUnknown else { return }
        let unknown = try FieldExtents.unknown(in: bytes, base: base, schema)
        writer.append(unknown.span)
    }

    private static func writeMessages(
        _ bytes: Span<UInt8>, base: Int, _ field: FieldSchema, _ kind: MessageKind, valueDepth: Int,
        to writer: inout ProtobufWriter
    ) throws(WireError) {
        var cursor = FieldCursor(bytes, base: base)
        while let tag = try cursor.next() {
            guard tag.number == field.number else {
                try cursor.skip(tag)
                continue
            }
            let inner = try cursor.readBytes(tag)
            let innerBase = cursor.absoluteOffset - inner.count
            let start = writer.beginMessage(field.number)
            try write(inner, base: innerBase, kind, valueDepth: valueDepth, to: &writer)
            writer.endMessage(start)
        }
    }

    /// A message field that stands several times is the merge of all, which for protobuf is their concatenation.
    private static func writeMerged(
        _ bytes: Span<UInt8>, base: Int, _ field: FieldSchema, _ kind: MessageKind, valueDepth: Int,
        to writer: inout ProtobufWriter
    ) throws(WireError) {
        var merged: [UInt8] = []
        var cursor = FieldCursor(bytes, base: base)
        while let tag = try cursor.next() {
            guard tag.number == field.number else {
                try cursor.skip(tag)
                continue
            }
            let part = try cursor.readBytes(tag)
            part.withUnsafeBufferPointer { merged.append(contentsOf: $0) }
        }
        let start = writer.beginMessage(field.number)
        try write(merged.span, base: base, kind, valueDepth: valueDepth, to: &writer)
        writer.endMessage(start)
    }

    /// A scalar that stands several times has its last value, with which its extent ends.
    private static func writeLast(
        _ bytes: Span<UInt8>, base: Int, _ field: FieldSchema, to writer: inout ProtobufWriter
    ) throws(WireError) {
        var cursor = FieldCursor(bytes, base: base)
        while let tag = try cursor.next() {
            guard tag.number == field.number else {
                try cursor.skip(tag)
                continue
            }
            if !field.type.isPackable {
                let value = try cursor.readBytes(tag)
                if cursor.isAtEnd, !value.isEmpty || field.presence != .implicit { writer.bytes(field.number, value) }
                continue
            }
            let given = try field.type.readBits(&cursor, tag)
            let bits = field.type.canonical(given)
            if cursor.isAtEnd, bits != 0 || field.presence != .implicit { writeNumber(bits, field, to: &writer) }
        }
    }

    private static func writeNumber(_ bits: UInt64, _ field: FieldSchema, to writer: inout ProtobufWriter) {
        switch field.type.width {
        case .varint: writer.varint(field.number, bits)
        case .four: writer.fixed32(field.number, UInt32(truncatingIfNeeded: bits))
        case .eight: writer.fixed64(field.number, bits)
        }
    }

    /// Repeated numbers as one packed run, however they came.
    private static func writePacked(
        _ bytes: Span<UInt8>, base: Int, _ field: FieldSchema, to writer: inout ProtobufWriter
    ) throws(WireError) {
        let type = field.type
        var packed = ProtobufWriter(capacity: bytes.count)
        var cursor = FieldCursor(bytes, base: base)
        while let tag = try cursor.next() {
            guard tag.number == field.number else {
                try cursor.skip(tag)
                continue
            }
            guard tag.type == .bytes else {
                let bits = try type.readBits(&cursor, tag)
                append(type.canonical(bits), type, to: &packed)
                continue
            }
            let run = try cursor.readBytes(tag)
            let runBase = cursor.absoluteOffset - run.count
            var position = 0
            while position < run.count {
                let bits = try type.readPackedBits(run, at: &position, base: runBase)
                append(type.canonical(bits), type, to: &packed)
            }
        }
        if !packed.bytes.isEmpty { writer.bytes(field.number, packed.bytes.span) }
    }

    private static func append(_ bits: UInt64, _ type: FieldType, to packed: inout ProtobufWriter) {
        switch type.width {
        case .varint: packed.appendVarint(bits)
        case .four, .eight:
            let bytes = (0..<(type.width == .four ? 4 : 8)).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
            packed.append(bytes.span)
        }
    }

    private static func copyAll(
        _ bytes: Span<UInt8>, base: Int, _ field: FieldSchema, to writer: inout ProtobufWriter
    ) throws(WireError) {
        var cursor = FieldCursor(bytes, base: base)
        while let tag = try cursor.next() {
            if tag.number == field.number {
                let value = try cursor.readBytes(tag)
                writer.bytes(field.number, value)
            } else {
                try cursor.skip(tag)
            }
        }
    }
}

extension FieldType {
    /// The one of all bit patterns that mean the same number.
    fileprivate func canonical(_ bits: UInt64) -> UInt64 {
        switch self {
        case .bool: bits == 0 ? 0 : 1
        case .uint32, .fixed32, .sint32: UInt64(UInt32(truncatingIfNeeded: bits))
        case .enumeration: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: bits)))
        case .double: Double(bitPattern: bits).isNaN ? Double.nan.bitPattern : bits
        default: bits
        }
    }
}
