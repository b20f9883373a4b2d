import WireFormat

/// Builds small messages by hand; the numbers are OTLP's field numbers.
enum Sample {
    static let traceID: [UInt8] = Array(1...16)
    static let otherTraceID: [UInt8] = Array(2...17)
    static let spanID: [UInt8] = Array(1...8)

    static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    /// A field that holds bytes: a string, or an embedded message.
    static func field(_ number: UInt32, _ content: [UInt8]) -> [UInt8] { message { $0.bytes(number, content) } }
    static func field(_ number: UInt32, _ content: String) -> [UInt8] { message { $0.string(number, content) } }

    static func span(
        trace: [UInt8]? = traceID, id: [UInt8]? = spanID, parent: [UInt8]? = nil, more: [UInt8] = []
    ) -> [UInt8] {
        (trace.map { field(1, $0) } ?? []) + (id.map { field(2, $0) } ?? []) + (parent.map { field(4, $0) } ?? [])
            + field(5, "GET /") + more
    }

    static func attribute(_ key: String, _ value: String) -> [UInt8] {
        field(1, key) + field(2, field(1, value))
    }

    static func resource(service: String?) -> [UInt8] {
        service.map { field(1, field(1, attribute("service.name", $0))) } ?? []
    }

    /// The content of one ScopeSpans.
    static func scope(_ spans: [[UInt8]]) -> [UInt8] { spans.flatMap { field(2, $0) } }

    /// The field `resource_spans` with one resource and one scope.
    static func resourceSpans(service: String? = nil, _ spans: [[UInt8]]) -> [UInt8] {
        field(1, resource(service: service) + field(2, scope(spans)))
    }
}
