/// A protobuf message with places that each request fills anew.
struct Stencil {
    private(set) var bytes: [UInt8] = []
    private(set) var holes: [Hole] = []

    struct Hole {
        var offset: Int
        var filling: Filling
        /// Number of the span in its request.
        var span = 0
    }

    /// What a hole is filled with.
    enum Filling {
        case traceID
        case spanID
        case parentID
        case start
        case end
        /// Six digits: of the trace's user (few are busy), of the object that the trace is about, of the span alone.
        case user
        case object
        case number
        /// Eight hexadecimal digits of the span.
        case hex
        /// A port as a varint of three bytes.
        case port
    }

    mutating func varint(_ number: UInt32, _ value: UInt64) {
        tag(number, 0)
        varint(value)
    }

    mutating func string(_ number: UInt32, _ text: String) {
        tag(number, 2)
        varint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// A text of which the `#` are filled.
    mutating func string(_ number: UInt32, _ text: String, _ filling: Filling) {
        string(number, text)
        guard let position = text.utf8.firstIndex(of: UInt8(ascii: "#")) else { return }
        let behind = text.utf8.distance(from: position, to: text.utf8.endIndex)
        holes.append(Hole(offset: bytes.count - behind, filling: filling))
    }

    /// A field of fixed length that is filled: an id or a time.
    mutating func hole(_ number: UInt32, _ filling: Filling) {
        let length: Int
        switch filling {
        case .traceID: length = 16
        case .spanID, .parentID: length = 8
        default:
            tag(number, 1)
            holes.append(Hole(offset: bytes.count, filling: filling))
            bytes.append(contentsOf: repeatElement(0, count: 8))
            return
        }
        tag(number, 2)
        varint(UInt64(length))
        holes.append(Hole(offset: bytes.count, filling: filling))
        bytes.append(contentsOf: repeatElement(0, count: length))
    }

    mutating func portHole(_ number: UInt32) {
        tag(number, 0)
        holes.append(Hole(offset: bytes.count, filling: .port))
        bytes.append(contentsOf: [0x80, 0x80, 1])
    }

    mutating func fixed32(_ number: UInt32, _ value: UInt32) {
        tag(number, 5)
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func double(_ number: UInt32, _ value: Double) {
        tag(number, 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    mutating func message(_ number: UInt32, _ inner: Stencil) {
        tag(number, 2)
        varint(UInt64(inner.bytes.count))
        for var hole in inner.holes {
            hole.offset += bytes.count
            holes.append(hole)
        }
        bytes.append(contentsOf: inner.bytes)
    }

    mutating func message(_ number: UInt32, _ body: (inout Stencil) -> Void) {
        var inner = Stencil()
        body(&inner)
        message(number, inner)
    }

    /// Says whose all holes are.
    mutating func assign(to span: Int) {
        for index in holes.indices { holes[index].span = span }
    }

    private mutating func tag(_ number: UInt32, _ type: UInt64) { varint(UInt64(number) << 3 | type) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
