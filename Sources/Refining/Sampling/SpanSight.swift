import WireFormat

/// What sampling has to know of a span.
struct SpanSight {
    private(set) var traceID = 0..<0
    private(set) var name = 0..<0
    private(set) var state = 0..<0
    private(set) var isError = false

    /// Offsets are those of the outermost message.
    init(_ span: consuming FieldCursor) throws(WireError) {
        var cursor = span
        while let field = try cursor.next() {
            switch field.number {
            case 1: traceID = try Self.range(&cursor, field)
            case 3: state = try Self.range(&cursor, field)
            case 5: name = try Self.range(&cursor, field)
            case 15:
                var status = try cursor.readMessage(field)
                while let field = try status.next() {
                    if field.number == 3 { isError = try status.readVarint(field) == 2 } else { try status.skip(field) }
                }
            default: try cursor.skip(field)
            }
        }
    }

    private static func range(_ cursor: inout FieldCursor, _ field: FieldCursor.Field) throws(WireError) -> Range<Int> {
        let count = try cursor.readBytes(field).count
        return cursor.absoluteOffset - count..<cursor.absoluteOffset
    }

    /// The low 56 bits of the trace ID; nil if it is no trace ID.
    func randomness(in source: Span<UInt8>) -> UInt64? {
        guard traceID.count == 16 else { return nil }
        var value: UInt64 = 0
        for index in traceID.suffix(7) { value = value << 8 | UInt64(source[index]) }
        return value
    }
}
