/// Walks the fields of one protobuf message inside the buffer it arrived in. Nothing is copied; every length is compared
/// with what is left before it is used. Groups (wire types 3 and 4) are refused.
///
///     var cursor = FieldCursor(bytes)
///     while let field = try cursor.next() {
///         switch field.number {
///         case 1: let name = try cursor.readBytes(field)
///         default: try cursor.skip(field)
///         }
///     }
public struct FieldCursor: ~Escapable {
    @usableFromInline let bytes: Span<UInt8>
    @usableFromInline var position = 0
    /// Where this message begins in the outermost one, so that errors name offsets a sender can look up.
    public let base: Int

    @inlinable @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, base: Int = 0) {
        self.bytes = bytes
        self.base = base
    }

    /// One field's tag, already read; its value is what the cursor stands on.
    public struct Field {
        public let number: UInt32
        public let type: WireType
        /// Position of the tag within this message.
        public let start: Int
        @inlinable init(number: UInt32, type: WireType, start: Int) {
            self.number = number
            self.type = type
            self.start = start
        }
    }

    /// Offset of the next byte within this message.
    @inlinable public var offset: Int { position }
    /// Offset of the next byte within the outermost message.
    @inlinable public var absoluteOffset: Int { base + position }
    @inlinable public var isAtEnd: Bool { position == bytes.count }

    /// Reads the next tag; nil at the end of the message.
    @inlinable @_lifetime(self: copy self)
    public mutating func next() throws(WireError) -> Field? {
        guard position < bytes.count else { return nil }
        let start = position
        let tag = try readVarintValue()
        guard tag >> 3 != 0, tag >> 3 < 1 << 29 else { throw WireError(.invalidFieldNumber, at: base + start) }
        guard let type = WireType(rawValue: UInt8(tag & 7)) else {
            throw WireError(.unsupportedWireType(UInt8(tag & 7)), at: base + start)
        }
        return Field(number: UInt32(tag >> 3), type: type, start: start)
    }

    @inlinable @_lifetime(self: copy self)
    public mutating func readVarint(_ field: Field) throws(WireError) -> UInt64 {
        try expect(.varint, field)
        return try readVarintValue()
    }

    @inlinable @_lifetime(self: copy self)
    public mutating func readFixed64(_ field: Field) throws(WireError) -> UInt64 {
        try expect(.fixed64, field)
        guard bytes.count - position >= 8 else { throw shortBy(8) }
        // The guard above makes this load stay inside the span.
        let value = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
        position += 8
        return UInt64(littleEndian: value)
    }

    @inlinable @_lifetime(self: copy self)
    public mutating func readFixed32(_ field: Field) throws(WireError) -> UInt32 {
        try expect(.fixed32, field)
        guard bytes.count - position >= 4 else { throw shortBy(4) }
        let value = bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
        position += 4
        return UInt32(littleEndian: value)
    }

    /// The bytes of a string, bytes or message field. They begin at `absoluteOffset - count` of the outermost message.
    @inlinable @_lifetime(copy self) @_lifetime(self: copy self)
    public mutating func readBytes(_ field: Field) throws(WireError) -> Span<UInt8> {
        try expect(.bytes, field)
        let length = try readVarintValue()
        guard length <= UInt64(bytes.count - position) else {
            throw WireError(.truncated(needed: length, available: bytes.count - position), at: base + position)
        }
        let start = position
        position += Int(length)
        return bytes.extracting(start..<position)
    }

    /// A cursor over an embedded message.
    @inlinable @_lifetime(copy self) @_lifetime(self: copy self)
    public mutating func readMessage(_ field: Field) throws(WireError) -> FieldCursor {
        let inner = try readBytes(field)
        return FieldCursor(inner, base: base + position - inner.count)
    }

    @inlinable @_lifetime(self: copy self)
    public mutating func skip(_ field: Field) throws(WireError) {
        switch field.type {
        case .varint: _ = try readVarintValue()
        case .fixed64: _ = try readFixed64(field)
        case .fixed32: _ = try readFixed32(field)
        case .bytes: _ = try readBytes(field)
        }
    }

    @inlinable
    func expect(_ type: WireType, _ field: Field) throws(WireError) {
        guard field.type == type else {
            throw WireError(.wrongWireType(expected: type, found: field.type), at: base + field.start)
        }
    }

    @inlinable
    func shortBy(_ needed: Int) -> WireError {
        WireError(.truncated(needed: UInt64(needed), available: bytes.count - position), at: base + position)
    }

    @inlinable @inline(__always) @_lifetime(self: copy self)
    mutating func readVarintValue() throws(WireError) -> UInt64 {
        guard position < bytes.count else { throw shortBy(1) }
        let first = bytes[position]
        guard first < 0x80 else { return try readLongVarint() }
        position += 1
        return UInt64(first)
    }

    @inlinable @inline(never) @_lifetime(self: copy self)
    mutating func readLongVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = position
        while true {
            guard index < bytes.count else {
                throw WireError(.truncated(needed: 1, available: 0), at: base + index)
            }
            let byte = bytes[index]
            index += 1
            // The tenth byte holds bit 63 alone.
            if shift == 63, byte > 1 { throw WireError(.overlongVarint, at: base + position) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        position = index
        return value
    }
}
