import WireFormat

/// The numbers of OTLP messages as the bits that stand on the wire, whatever their type.
extension FieldType {
    enum NumberWidth { case varint, four, eight }

    var width: NumberWidth {
        switch self {
        case .fixed32: .four
        case .fixed64, .sfixed64, .double: .eight
        default: .varint
        }
    }

    func readBits(_ cursor: inout FieldCursor, _ tag: FieldCursor.Field) throws(WireError) -> UInt64 {
        switch width {
        case .varint: try cursor.readVarint(tag)
        case .four: UInt64(try cursor.readFixed32(tag))
        case .eight: try cursor.readFixed64(tag)
        }
    }

    /// Reads the number at `position` of a packed field and moves on. `base` is where the field begins in the request.
    func readPackedBits(_ bytes: Span<UInt8>, at position: inout Int, base: Int) throws(WireError) -> UInt64 {
        switch width {
        case .varint: try readPackedVarint(bytes, at: &position, base: base)
        case .four: try readPackedFixed(bytes, at: &position, base: base, count: 4)
        case .eight: try readPackedFixed(bytes, at: &position, base: base, count: 8)
        }
    }

    private func readPackedFixed(
        _ bytes: Span<UInt8>, at position: inout Int, base: Int, count: Int
    ) throws(WireError) -> UInt64 {
        guard bytes.count - position >= count else {
            throw WireError(
                .truncated(needed: UInt64(count), available: bytes.count - position), at: base + position)
        }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
        position += count
        return value
    }

    private func readPackedVarint(
        _ bytes: Span<UInt8>, at position: inout Int, base: Int
    ) throws(WireError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            // The tenth byte holds bit 63 alone.
            if shift == 63, byte > 1 { throw WireError(.overlongVarint, at: base + start) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireError(.truncated(needed: 1, available: 0), at: base + position)
    }
}
