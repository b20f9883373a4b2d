/// Typical bytes of OTLP messages, against which the choice of what to look for is measured. It decides speed and nothing else.
enum ByteSample {
    /// A bit for each place of the sample.
    typealias Places = SIMD16<UInt64>
    static let count = 1024

    /// Places whose byte `offset` further on has that lower half, or that upper half.
    static func places(low: Int, at offset: Int) -> Places { table[offset * 32 + low] }
    static func places(high: Int, at offset: Int) -> Places { table[offset * 32 + 16 + high] }

    private static let table: [Places] = {
        var table = [Places](repeating: .zero, count: 5 * 32)
        for offset in 0..<5 {
            for place in 0..<count {
                let byte = Int(bytes[(place + offset) % count])
                let bit: UInt64 = 1 << UInt64(place & 63)
                table[offset * 32 + byte & 15][place >> 6] |= bit
                table[offset * 32 + 16 + byte >> 4][place >> 6] |= bit
            }
        }
        return table
    }()

    private static let bytes: [UInt8] = {
        var bytes = Array(text.utf8)
        // Ids and times, made by a generator with a fixed seed.
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        while bytes.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        return Array(bytes.prefix(count))
    }()

    private static let text = """
        J#\u{0A}\u{13}http.request.method\u{12}\u{05}\u{0A}\u{03}GETJ4\u{0A}\u{08}url.path\u{12}\u{0A}/api/v1/orders/100231J\u{1C}\
        http.route\u{12}/api/v1/orders/{id}J'server.address\u{12}orders.internalJ http.response.status_code\u{12}\u{03}\u{18}\
        server.port\u{12}\u{18}J\u{14}user.id\u{12}u-20017J#network.peer.address\u{12}10.1.22.113z\u{02}\u{18}\u{01}\
        service.name\u{12}checkoutJservice.instance.id6f5d9c7b8-x2x4ztelemetry.sdk.language\u{12}\u{06}python\
        url.full\u{12}https://shop.example.com:8443/cart/items?page=2&sort=priceJuser_agent.originalMozilla/5.0 \
        (X11; Linux x86_64)J db.system.name\u{12}postgresqlJdb.query.textSELECT id, name FROM orders WHERE customer = $1 \
        AND created_at > $2J messaging.destination.name\u{12}order-events rpc.service grpc.health.v1.Health \
        k8s.pod.name k8s.namespace.name container.id thread.name exception.message connection refused \
        code.function.name error.type network.protocol.version\u{12}1.1 gen_ai.usage.output_tokens client.address
        """
}
