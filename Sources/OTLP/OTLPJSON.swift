package import WireFormat

/// OTLP requests from JSON to protobuf and back, by one table of messages (`MessageKind`).
package enum OTLPJSON {
    /// Reads a request in OTLP/JSON. Unknown fields are left out, null counts as absent. Ids of a wrong length pass, so that
    /// whoever counts the items can refuse those alone.
    /// - Parameter limit: most bytes of the result; a text can be a quarter of it.
    package static func protobuf(
        fromJSON text: [UInt8], kind: SignalKind, limit: Int = .max, unknown: UnknownFields = .leftOut
    ) throws(OTLPJSONError) -> [UInt8] {
        var reader = OTLPJSONReader(text, limit: limit, unknown: unknown)
        return try reader.read(.request(kind))
    }

    package static func protobuf(fromJSON text: Span<UInt8>, kind: SignalKind) throws(OTLPJSONError) -> [UInt8] {
        try protobuf(fromJSON: array(text), kind: kind)
    }

    /// Writes a request as OTLP/JSON. All fields that OTLP defines are kept; unknown ones have no name and are left out
    /// unless they are asked for.
    package static func json(
        fromProtobuf message: Span<UInt8>, kind: SignalKind, pretty: Bool = false, unknown: UnknownFields = .leftOut
    ) throws(WireError) -> [UInt8] {
        var writer = OTLPJSONWriter(capacity: message.count * 2, pretty: pretty, unknown: unknown)
        return try writer.write(message, .request(kind))
    }

    package static func json(
        fromProtobuf message: [UInt8], kind: SignalKind, pretty: Bool = false, unknown: UnknownFields = .leftOut
    ) throws(WireError) -> [UInt8] {
        try json(fromProtobuf: message.span, kind: kind, pretty: pretty, unknown: unknown)
    }
}
