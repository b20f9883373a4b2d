import WireFormat

/// Builds OTLP messages by hand; the numbers are OTLP's field numbers.
enum Message {
    typealias Attribute = (key: String, value: String)

    static func bytes(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }

    static func attribute(_ writer: inout ProtobufWriter, _ field: UInt32, _ key: String, _ value: String) {
        writer.message(field) { writer in
            writer.string(1, key)
            writer.message(2) { $0.string(1, value) }
        }
    }

    struct Span {
        var trace: [UInt8] = Array(1...16)
        var name = "GET /"
        var state: String?
        var attributes: [Attribute] = []
        var isError = false
    }

    static func traces(service: String? = "shop", resource: [Attribute] = [], _ spans: [Span]) -> [UInt8] {
        bytes { writer in
            writer.message(1) { writer in
                writer.message(1) { writer in
                    if let service { attribute(&writer, 1, "service.name", service) }
                    for (key, value) in resource { attribute(&writer, 1, key, value) }
                }
                writer.message(2) { writer in
                    writer.message(1) { $0.string(1, "scope") }
                    for one in spans { span(&writer, one) }
                }
            }
        }
    }

    static func span(_ writer: inout ProtobufWriter, _ span: Span) {
        writer.message(2) { writer in
            writer.bytes(1, span.trace)
            writer.bytes(2, Array(1...8))
            if let state = span.state { writer.string(3, state) }
            writer.string(5, span.name)
            for (key, value) in span.attributes { attribute(&writer, 9, key, value) }
            if span.isError { writer.message(15) { $0.varint(3, 2) } }
        }
    }
}
