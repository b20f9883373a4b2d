import EventLoop
import Glibc
import HMSTrace
import TraceModel
import WireFormat

/// A UDP socket in the sidecar's place, and what arrives there.
final class SidecarSocket {
    private let descriptor: Int32
    let address: String

    init() throws {
        descriptor = try Socket.bindDatagram(.loopback(port: 0))
        address = Socket.localAddress(descriptor)?.description ?? ""
    }

    deinit { Glibc.close(descriptor) }

    /// All datagrams that have come, once none is waiting. The tracer is flushed before, so they are in the socket.
    func receiveAll() throws -> [ReceivedDatagram] {
        var received: [ReceivedDatagram] = []
        var buffer = [UInt8](repeating: 0, count: 70_000)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { return received }
            received.append(try ReceivedDatagram(Array(buffer.prefix(count))))
        }
    }
}

struct ReceivedDatagram {
    var size: Int
    var producer: UInt64
    var sequence: UInt64
    var request: ReceivedRequest

    init(_ bytes: [UInt8]) throws {
        size = bytes.count
        var reader = DatagramReader()
        try reader.read(bytes.span)
        producer = reader.producer ?? 0
        sequence = reader.sequence ?? 0
        request = ReceivedRequest()
        for payload in reader.payloads { try request.read(Array(bytes[payload.range])) }
    }
}

/// An ExportTraceServiceRequest, decoded field by field with the wire module's cursor.
struct ReceivedRequest {
    var resource: [String: String] = [:]
    var scope: [String: String] = [:]
    var spans: [ReceivedSpan] = []

    init() {}

    init(_ bytes: [UInt8]) throws { try read(bytes) }

    mutating func read(_ bytes: [UInt8]) throws {
        var request = FieldCursor(bytes.span)
        while let field = try request.next() {
            var resourceSpans = try request.readMessage(field)
            while let field = try resourceSpans.next() {
                var inner = try resourceSpans.readMessage(field)
                if field.number == 1 {
                    while let field = try inner.next() {
                        try readAttribute(try inner.readBytes(field), into: &resource)
                    }
                    continue
                }
                while let field = try inner.next() {
                    var message = try inner.readMessage(field)
                    if field.number == 2 {
                        spans.append(try ReceivedSpan(&message))
                        continue
                    }
                    while let field = try message.next() {
                        switch field.number {
                        case 1: scope["name"] = try text(message.readBytes(field))
                        case 2: scope["version"] = try text(message.readBytes(field))
                        default: try readAttribute(try message.readBytes(field), into: &scope)
                        }
                    }
                }
            }
        }
    }
}

struct ReceivedSpan: Equatable {
    var trace = ""
    var id = ""
    var parent = ""
    var state = ""
    var name = ""
    var kind: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var attributes: [String: String] = [:]
    var droppedAttributes: UInt64 = 0
    /// Name, then its attributes.
    var events: [(name: String, attributes: [String: String])] = []
    var droppedEvents: UInt64 = 0
    /// `trace-span-flags`.
    var links: [String] = []
    var droppedLinks: UInt64 = 0
    var status: UInt64 = 0
    var statusMessage = ""
    var flags: UInt32 = 0

    static func == (left: ReceivedSpan, right: ReceivedSpan) -> Bool { left.id == right.id }

    init(_ cursor: inout FieldCursor) throws {
        while let field = try cursor.next() {
            switch field.number {
            case 1: trace = hex(try cursor.readBytes(field))
            case 2: id = hex(try cursor.readBytes(field))
            case 3: state = try text(cursor.readBytes(field))
            case 4: parent = hex(try cursor.readBytes(field))
            case 5: name = try text(cursor.readBytes(field))
            case 6: kind = try cursor.readVarint(field)
            case 7: start = try cursor.readFixed64(field)
            case 8: end = try cursor.readFixed64(field)
            case 9: try readAttribute(try cursor.readBytes(field), into: &attributes)
            case 10: droppedAttributes = try cursor.readVarint(field)
            case 11:
                var event = try cursor.readMessage(field)
                var found: (name: String, attributes: [String: String]) = ("", [:])
                while let field = try event.next() {
                    switch field.number {
                    case 2: found.name = try text(event.readBytes(field))
                    case 3: try readAttribute(try event.readBytes(field), into: &found.attributes)
                    default: try event.skip(field)
                    }
                }
                events.append(found)
            case 12: droppedEvents = try cursor.readVarint(field)
            case 13:
                var link = try cursor.readMessage(field)
                var (trace, id, flags) = ("", "", UInt32(0))
                while let field = try link.next() {
                    switch field.number {
                    case 1: trace = hex(try link.readBytes(field))
                    case 2: id = hex(try link.readBytes(field))
                    case 6: flags = try link.readFixed32(field)
                    default: try link.skip(field)
                    }
                }
                links.append("\(trace)-\(id)-\(flags)")
            case 14: droppedLinks = try cursor.readVarint(field)
            case 15:
                var message = try cursor.readMessage(field)
                while let field = try message.next() {
                    switch field.number {
                    case 2: statusMessage = try text(message.readBytes(field))
                    default: status = try message.readVarint(field)
                    }
                }
            case 16: flags = try cursor.readFixed32(field)
            default: try cursor.skip(field)
            }
        }
    }
}

private func hex(_ bytes: Swift.Span<UInt8>) -> String {
    var result = ""
    for index in bytes.indices {
        let digits = String(bytes[index], radix: 16)
        result += digits.utf8.count == 1 ? "0" + digits : digits
    }
    return result
}

private func text(_ bytes: Swift.Span<UInt8>) throws -> String {
    bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
}

/// Values as text with their kind in front, so that `1` and `"1"` differ.
private func readAttribute(_ bytes: Swift.Span<UInt8>, into attributes: inout [String: String]) throws {
    var cursor = FieldCursor(bytes)
    var (key, value) = ("", "")
    while let field = try cursor.next() {
        if field.number == 1 {
            key = try text(cursor.readBytes(field))
        } else {
            value = try anyValue(try cursor.readBytes(field))
        }
    }
    attributes[key] = value
}

private func anyValue(_ bytes: Swift.Span<UInt8>) throws -> String {
    var cursor = FieldCursor(bytes)
    var value = "nothing"
    while let field = try cursor.next() {
        switch field.number {
        case 1: value = "s:" + (try text(cursor.readBytes(field)))
        case 2: value = "b:\(try cursor.readVarint(field))"
        case 3: value = "i:\(Int64(bitPattern: try cursor.readVarint(field)))"
        case 4: value = "d:\(Double(bitPattern: try cursor.readFixed64(field)))"
        case 5:
            var array = try cursor.readMessage(field)
            var values: [String] = []
            while let field = try array.next() { values.append(try anyValue(try array.readBytes(field))) }
            value = "[" + values.joined(separator: ",") + "]"
        default: try cursor.skip(field)
        }
    }
    return value
}
