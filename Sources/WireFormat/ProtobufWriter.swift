/// Appends protobuf fields to a byte array that it owns. Embedded messages are written in place: their length is put in
/// front of them when they end.
public struct ProtobufWriter: Sendable {
    public private(set) var bytes: [UInt8]

    public init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    public mutating func varint(_ number: UInt32, _ value: UInt64) {
        appendVarint(UInt64(number) << 3)
        appendVarint(value)
    }

    public mutating func fixed64(_ number: UInt32, _ value: UInt64) {
        appendVarint(UInt64(number) << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func double(_ number: UInt32, _ value: Double) { fixed64(number, value.bitPattern) }

    public mutating func fixed32(_ number: UInt32, _ value: UInt32) {
        appendVarint(UInt64(number) << 3 | 5)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func string(_ number: UInt32, _ value: String) {
        appendVarint(UInt64(number) << 3 | 2)
        appendVarint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    public mutating func bytes(_ number: UInt32, _ value: [UInt8]) {
        appendVarint(UInt64(number) << 3 | 2)
        appendVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func bytes(_ number: UInt32, _ value: Span<UInt8>) {
        appendVarint(UInt64(number) << 3 | 2)
        appendVarint(UInt64(value.count))
        append(value)
    }

    /// Writes an embedded message whose fields `body` appends.
    public mutating func message<E: Error>(
        _ number: UInt32, _ body: (inout ProtobufWriter) throws(E) -> Void
    ) throws(E) {
        let start = beginMessage(number)
        try body(&self)
        endMessage(start)
    }

    /// Begins an embedded message, whose fields are appended until `endMessage` gets what this returned.
    public mutating func beginMessage(_ number: UInt32) -> Int {
        appendVarint(UInt64(number) << 3 | 2)
        // Most embedded messages are shorter than 128 bytes, so one byte is kept for the length; longer ones move up.
        bytes.append(0)
        return bytes.count - 1
    }

    public mutating func endMessage(_ start: Int) {
        let length = bytes.count - start - 1
        if length < 0x80 {
            bytes[start] = UInt8(length)
            return
        }
        var encoded: [UInt8] = []
        var rest = UInt64(length)
        while rest >= 0x80 {
            encoded.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        encoded.append(UInt8(rest))
        bytes.replaceSubrange(start...start, with: encoded)
    }

    /// Appends bytes that are already encoded, such as an unknown field with its tag.
    public mutating func append(_ encoded: Span<UInt8>) {
        encoded.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    public mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
