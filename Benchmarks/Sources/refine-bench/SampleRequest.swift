import WireFormat

/// A traces request as services send them: spans of about 360 bytes with 8 attributes, 8 spans a trace.
enum SampleRequest {
    /// What the spans hold beside what all have.
    enum Content: String, CaseIterable {
        case clean
        /// `url.full` in each span.
        case urls
        /// Names that look forbidden and are not.
        case tokenCounts
        /// A bearer token in each span.
        case secrets
    }

    static func traces(spans: Int, resources: Int = 1, content: Content = .clean) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        var writer = ProtobufWriter(capacity: spans * 400)
        for resource in 0..<resources {
            writer.message(1) { writer in
                writer.message(1) { writer in
                    attribute(&writer, 1, "service.name", "checkout-\(resource)")
                    attribute(&writer, 1, "service.instance.id", "checkout-6f5d9c7b8-x2x4z")
                }
                writer.message(2) { writer in
                    writer.message(1) { writer in writer.string(1, "hms.http") }
                    for index in 0..<spans / resources { span(&writer, index, &random, content) }
                }
            }
        }
        return writer.bytes
    }

    private nonisolated(unsafe) static var traceHigh: UInt64 = 0  // one thread

    private static func span(
        _ writer: inout ProtobufWriter, _ index: Int, _ random: inout SystemRandomNumberGenerator, _ content: Content
    ) {
        if index % 8 == 0 { traceHigh = random.next(in: 1...UInt64.max) }
        let start = 1_760_000_000_000_000_000 + UInt64(index) * 1_000_003
        let spanID = random.next(in: 1...UInt64.max)
        writer.message(2) { writer in
            writer.bytes(1, bigEndian(traceHigh) + bigEndian(traceHigh ^ 0x5555))
            writer.bytes(2, bigEndian(spanID))
            if index % 8 != 0 { writer.bytes(4, bigEndian(spanID &+ 1)) }
            writer.string(5, "GET /api/v1/orders/{id}")
            writer.varint(6, 2)
            writer.fixed64(7, start)
            writer.fixed64(8, start + 12_345_678)
            attribute(&writer, 9, "http.request.method", "GET")
            attribute(&writer, 9, "url.path", "/api/v1/orders/\(100_000 + index)")
            attribute(&writer, 9, "http.route", "/api/v1/orders/{id}")
            attribute(&writer, 9, "server.address", "orders.internal")
            integer(&writer, "http.response.status_code", 200)
            integer(&writer, "server.port", 8080)
            attribute(&writer, 9, "user.id", "u-\(20_000 + index)")
            switch content {
            case .clean: attribute(&writer, 9, "network.peer.address", "10.1.22.113")
            case .urls:
                attribute(&writer, 9, "url.full", "https://orders.internal:8443/api/v1/orders/\(index)?page=2&size=50")
            case .tokenCounts: integer(&writer, "llm.token_count.total", 512)
            case .secrets: attribute(&writer, 9, "note", "sent Authorization: Bearer abc.def-123456789")
            }
            writer.message(15) { writer in writer.varint(3, 1) }
            writer.fixed32(16, 0x101)
        }
    }

    private static func attribute(_ writer: inout ProtobufWriter, _ field: UInt32, _ key: String, _ value: String) {
        writer.message(field) { writer in
            writer.string(1, key)
            writer.message(2) { writer in writer.string(1, value) }
        }
    }

    private static func integer(_ writer: inout ProtobufWriter, _ key: String, _ value: UInt64) {
        writer.message(9) { writer in
            writer.string(1, key)
            writer.message(2) { writer in writer.varint(3, value) }
        }
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

extension SystemRandomNumberGenerator {
    fileprivate mutating func next(in range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &self) }
}
