/// Reads the fields of a message that a `TelemetryScanner` has found good, in place. What is malformed nonetheless ends the
/// message: no load leaves the bytes.
struct WireReader {
    private var position: UnsafeRawPointer
    private let end: UnsafeRawPointer

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress {
            position = base
            end = base + bytes.count
        } else {
            // Never read: the two are equal.
            position = UnsafeRawPointer(bitPattern: 8)!
            end = position
        }
    }

    /// The next tag; 0 at the end.
    @inline(__always)
    mutating func tag() -> UInt32 {
        guard position < end else { return 0 }
        let first = position.load(as: UInt8.self)
        if first < 0x80 {
            position += 1
            return UInt32(first)
        }
        return UInt32(truncatingIfNeeded: longVarint())
    }

    @inline(__always)
    mutating func varint() -> UInt64 {
        guard position < end else { return 0 }
        let first = position.load(as: UInt8.self)
        if first < 0x80 {
            position += 1
            return UInt64(first)
        }
        return longVarint()
    }

    @inline(never)
    private mutating func longVarint() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 70 {
            let byte = position.load(as: UInt8.self)
            position += 1
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte < 0x80 { return value }
            shift += 7
        }
        position = end
        return 0
    }

    @inline(__always)
    mutating func fixed64() -> UInt64 {
        guard end - position >= 8 else {
            position = end
            return 0
        }
        defer { position += 8 }
        return UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    mutating func bytes() -> UnsafeRawBufferPointer {
        let length = varint()
        guard length <= UInt64(end - position) else {
            position = end
            return UnsafeRawBufferPointer(start: end, count: 0)
        }
        defer { position += Int(truncatingIfNeeded: length) }
        return UnsafeRawBufferPointer(start: position, count: Int(truncatingIfNeeded: length))
    }

    @inline(__always)
    mutating func skip(_ tag: UInt32) {
        switch tag & 7 {
        case 0: _ = varint()
        case 1: _ = fixed64()
        case 2: _ = bytes()
        case 5 where end - position >= 4: position += 4
        default: position = end
        }
    }
}

/// A field's number and wire type as one number.
enum WireTag {
    @inline(__always)
    static func bytes(_ number: UInt32) -> UInt32 { number << 3 | 2 }
    @inline(__always)
    static func varint(_ number: UInt32) -> UInt32 { number << 3 }
    @inline(__always)
    static func fixed64(_ number: UInt32) -> UInt32 { number << 3 | 1 }
}

extension UnsafeRawBufferPointer {
    /// 16 bytes as the two halves of a trace id; zeros when they are not 16.
    @inline(__always)
    var traceID: (high: UInt64, low: UInt64) {
        guard count == 16, let base = baseAddress else { return (0, 0) }
        return (
            UInt64(bigEndian: base.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }

    /// 8 bytes as a span id; zero when they are not 8.
    @inline(__always)
    var spanID: UInt64 {
        guard count == 8, let base = baseAddress else { return 0 }
        return UInt64(bigEndian: base.loadUnaligned(as: UInt64.self))
    }
}
