import TraceModel
package import WireFormat

/// Reads a KeyValue. `depth` is the level of the AnyValue in it.
package func readAttribute(_ bytes: consuming FieldCursor, depth: Int) throws(WireError) -> Attribute {
    var cursor = bytes
    var attribute = Attribute("", .empty)
    while let field = try cursor.next() {
        switch field.number {
        case 1: attribute.key = try readString(&cursor, field, "key")
        case 2: attribute.value = try readValue(try cursor.readMessage(field), depth: depth)
        default: try cursor.skip(field)
        }
    }
    return attribute
}

/// Reads an AnyValue.
package func readValue(_ bytes: consuming FieldCursor, depth: Int) throws(WireError) -> AttributeValue {
    var cursor = bytes
    guard depth <= maximumValueDepth else {
        throw WireError(.nestedTooDeep(limit: maximumValueDepth), at: cursor.absoluteOffset, field: "value")
    }
    var value = AttributeValue.empty
    while let field = try cursor.next() {
        switch field.number {
        case 1: value = .string(try readString(&cursor, field, "string_value"))
        case 2: value = .bool(try cursor.readVarint(field) != 0)
        case 3: value = .int(Int64(bitPattern: try cursor.readVarint(field)))
        case 4: value = .double(Double(bitPattern: try cursor.readFixed64(field)))
        case 5: value = .array(try readArray(try cursor.readMessage(field), depth: depth + 1))
        case 6: value = .map(try readMap(try cursor.readMessage(field), depth: depth + 1))
        case 7: value = .bytes(array(try cursor.readBytes(field)))
        default: try cursor.skip(field)
        }
    }
    return value
}

private func readArray(_ bytes: consuming FieldCursor, depth: Int) throws(WireError) -> [AttributeValue] {
    var cursor = bytes
    var values: [AttributeValue] = []
    while let field = try cursor.next() {
        if field.number == 1 {
            values.append(try readValue(try cursor.readMessage(field), depth: depth))
        } else {
            try cursor.skip(field)
        }
    }
    return values
}

private func readMap(_ bytes: consuming FieldCursor, depth: Int) throws(WireError) -> [Attribute] {
    var cursor = bytes
    var pairs: [Attribute] = []
    while let field = try cursor.next() {
        if field.number == 1 {
            pairs.append(try readAttribute(try cursor.readMessage(field), depth: depth))
        } else {
            try cursor.skip(field)
        }
    }
    return pairs
}

func readString(
    _ cursor: inout FieldCursor, _ field: FieldCursor.Field, _ path: String
) throws(WireError) -> String {
    let bytes = try cursor.readBytes(field)
    do {
        return String(copying: try UTF8Span(validating: bytes))
    } catch {
        throw WireError(.invalidUTF8, at: cursor.absoluteOffset - bytes.count, field: path)
    }
}

func readTraceID(
    _ cursor: inout FieldCursor, _ field: FieldCursor.Field, _ path: String
) throws(WireError) -> TraceID {
    let bytes = try cursor.readBytes(field)
    guard !bytes.isEmpty else { return TraceID(high: 0, low: 0) }
    guard bytes.count == 16 else {
        throw WireError(
            .wrongLength(expected: 16, found: bytes.count), at: cursor.absoluteOffset - bytes.count, field: path)
    }
    return TraceID(high: bigEndian(bytes, at: 0), low: bigEndian(bytes, at: 8))
}

func readSpanID(
    _ cursor: inout FieldCursor, _ field: FieldCursor.Field, _ path: String
) throws(WireError) -> SpanID {
    let bytes = try cursor.readBytes(field)
    guard !bytes.isEmpty else { return SpanID(value: 0) }
    guard bytes.count == 8 else {
        throw WireError(
            .wrongLength(expected: 8, found: bytes.count), at: cursor.absoluteOffset - bytes.count, field: path)
    }
    return SpanID(value: bigEndian(bytes, at: 0))
}

func array(_ bytes: Span<UInt8>) -> [UInt8] {
    bytes.withUnsafeBufferPointer { Array($0) }
}
