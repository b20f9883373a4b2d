import TraceModel
import Testing
import WireFormat

@testable import Refining

/// Writes the same random message twice: with secrets in it, and as it is to come out. What comes out is compared byte for byte,
/// so that nothing but the secrets may change.
private struct TwinMessage {
    var random: SplitMix
    var planted: [String] = []
    private(set) var depth = 0

    init(seed: UInt64) { random = SplitMix(state: seed) }

    enum Piece {
        case same([UInt8])
        case text(String, String)
    }

    mutating func request(_ kind: SignalKind) -> (given: [UInt8], expected: [UInt8]) {
        var given = ProtobufWriter()
        var expected = ProtobufWriter()
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let twin = resource(kind)
            given.bytes(1, twin.0)
            expected.bytes(1, twin.1)
        }
        return (given.bytes, expected.bytes)
    }

    typealias Twin = ([UInt8], [UInt8])

    private func field(_ number: UInt32, _ twin: Twin) -> Twin {
        (Message.bytes { $0.bytes(number, twin.0) }, Message.bytes { $0.bytes(number, twin.1) })
    }

    private func joined(_ parts: [Twin]) -> Twin { (parts.flatMap(\.0), parts.flatMap(\.1)) }

    private mutating func some(_ limit: Int, _ make: (inout TwinMessage) -> Twin) -> [Twin] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in make(&self) }
    }

    private mutating func resource(_ kind: SignalKind) -> Twin {
        let attributes = some(3) { $0.field(1, $0.attribute()) }
        let scopes = some(3) { twin in
            let scope = twin.field(
                1, twin.joined([twin.field(1, twin.text())] + twin.some(2) { $0.field(3, $0.attribute()) }))
            let items = twin.some(4) { $0.field(2, $0.item(kind)) }
            return twin.field(2, twin.joined([scope] + items + [twin.unknown()]))
        }
        return joined([field(1, joined(attributes))] + scopes + [unknown()])
    }

    private mutating func item(_ kind: SignalKind) -> Twin {
        switch kind {
        case .traces:
            let ids = Message.bytes { writer in
                writer.bytes(1, (0..<16).map { _ in UInt8.random(in: 1...255, using: &random) })
                writer.bytes(2, (0..<8).map { _ in UInt8.random(in: 1...255, using: &random) })
            }
            let events = some(2) { twin in
                twin.field(11, twin.joined([twin.field(2, twin.text())] + twin.some(2) { $0.field(3, $0.attribute()) }))
            }
            let links = some(2) { twin in twin.field(13, twin.joined(twin.some(2) { $0.field(4, $0.attribute()) })) }
            return joined(
                [(ids, ids), field(5, text())] + some(4) { $0.field(9, $0.attribute()) } + events + links
                    + [field(15, field(2, text())), unknown()])
        case .metrics:
            let points: [(UInt32, UInt32, UInt32)] = [(5, 7, 5), (7, 7, 5), (9, 9, 8), (10, 1, 11), (11, 7, 0)]
            let (data, attributes, exemplars) = points[Int.random(in: 0..<points.count, using: &random)]
            let point = some(3) { twin in
                let own = twin.some(3) { $0.field(attributes, $0.attribute()) }
                let sampled = exemplars == 0 ? [] : twin.some(2) { $0.field(exemplars, $0.field(7, $0.attribute())) }
                return twin.field(1, twin.joined(own + sampled))
            }
            return joined([field(1, text()), field(2, text()), field(data, joined(point))])
        case .logs:
            return joined([field(5, value())] + some(4) { $0.field(6, $0.attribute()) } + [unknown()])
        }
    }

    private mutating func unknown() -> Twin {
        let bytes = Message.bytes { writer in
            writer.bytes(100, (0..<5).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        return Bool.random(using: &random) ? (bytes, bytes) : ([], [])
    }

    private mutating func attribute() -> Twin {
        if Int.random(in: 0..<6, using: &random) == 0 {
            let secret = plant()
            let keys = ["password", "http.request.header.authorization", "apiKey", "access-token", "Set-Cookie"]
            let key = field(1, same(keys[Int.random(in: 0..<keys.count, using: &random)]))
            let whole = field(1, (Array(secret.utf8), Array("REDACTED".utf8)))
            let number = Message.bytes { $0.varint(3, 7) }
            let list = field(5, joined([field(1, whole), field(1, (number, number))]))
            return joined([key, field(2, Bool.random(using: &random) ? whole : list)])
        }
        return joined([field(1, same(word())), field(2, value())])
    }

    private mutating func value() -> Twin {
        depth += 1
        defer { depth -= 1 }
        switch Int.random(in: 0..<(depth > 4 ? 4 : 7), using: &random) {
        case 0:
            let number = Message.bytes { $0.varint(3, random.next()) }
            return (number, number)
        case 4: return field(5, joined(some(3) { $0.field(1, $0.value()) }))
        case 5: return field(6, joined(some(3) { $0.field(1, $0.attribute()) }))
        case 6: return field(7, text())
        default: return field(1, text())
        }
    }

    private mutating func text() -> Twin {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return same(word() + " " + word()) }
        if Bool.random(using: &random) {
            let sample = SecretSample.all[Int.random(in: 0..<SecretSample.all.count, using: &random)]
            planted.append(sample.secret)
            return (Array(sample.text.utf8), Array(sample.redacted.utf8))
        }
        let secret = plant()
        let around = [("a password=", "&x=1"), ("https://u:", "@h/"), (#"{"token":""#, #""}"#), ("x Bearer ", " y")]
        let (before, after) = around[Int.random(in: 0..<around.count, using: &random)]
        return (Array((before + secret + after).utf8), Array((before + "REDACTED" + after).utf8))
    }

    private func same(_ text: String) -> Twin { (Array(text.utf8), Array(text.utf8)) }

    private mutating func word() -> String {
        let words = [
            "GET", "orders", "é€", "https://shop.example/a?page=2", "bob@example.com", "token_count", "http.route", "🙂",
            String(repeating: "long ", count: 40), "messaging.key", "",
        ]
        return words[Int.random(in: 0..<words.count, using: &random)]
    }

    private mutating func plant() -> String {
        let secret = "s3c" + String(random.next(), radix: 36)
        planted.append(secret)
        return secret
    }
}

@Suite struct RefiningPropertyTests {
    @Test(
        "Of random messages with secrets in random places nothing but the secrets changes, and none of them is left",
        arguments: SignalKind.allCases)
    func redactsNothingElse(kind: SignalKind) throws {
        let refiner = Refiner(try RefiningRules(redaction: .init(), sampling: "", attributes: []))
        for seed in 1...300 as ClosedRange<UInt64> {
            var twin = TwinMessage(seed: seed)
            let (given, expected) = twin.request(kind)
            var output: [UInt8] = []
            let outcome = try refiner.refine(given.span, kind, into: &output)
            #expect(outcome.isChanged == (given != expected), "seed \(seed)")
            let result = outcome.isChanged ? output : given
            #expect(result == expected, "seed \(seed)")
            let text = String(decoding: result, as: UTF8.self)
            for secret in twin.planted { #expect(!text.contains(secret), "seed \(seed): \(secret)") }
            var scanner = TelemetryScanner(collectsTraces: false)
            try scanner.scan(result.span, as: kind)
        }
    }

    @Test(
        "With a limit the result is the same or an error, and never is more kept than the limit",
        arguments: SignalKind.allCases)
    func limits(kind: SignalKind) throws {
        let refiner = Refiner(
            try RefiningRules(redaction: .init(), sampling: "ratio=0.5", attributes: [("host.name", "here")]))
        for seed in 1...40 as ClosedRange<UInt64> {
            var twin = TwinMessage(seed: seed)
            let given = twin.request(kind).given
            var whole: [UInt8] = []
            guard try refiner.refine(given.span, kind, into: &whole).isChanged else { continue }
            let most = whole.count + given.count
            for limit in stride(from: 0, through: most, by: most / 20 + 1) + [whole.count - 1, whole.count, most] {
                var output: [UInt8] = []
                do {
                    _ = try refiner.refine(given.span, kind, limit: limit, into: &output)
                    #expect(output == whole && limit >= whole.count, "seed \(seed), limit \(limit)")
                } catch {
                    #expect(error.reason == .outgrown(limit: limit) && output == [], "seed \(seed), limit \(limit)")
                    #expect(limit < most, "seed \(seed): no result is larger than both")
                }
            }
        }
    }
}

@Suite struct TraceAdoptionTests {
    private let context = TraceContext(
        traceID: TraceID(high: 1, low: 2), spanID: SpanID(value: 7))

    private func span(_ trace: [UInt8]?, _ parent: [UInt8]?) -> [UInt8] {
        Message.bytes { writer in
            writer.message(1) { writer in
                writer.message(2) { writer in
                    writer.message(2) { writer in
                        if let trace { writer.bytes(1, trace) }
                        writer.bytes(2, Array(1...8))
                        if let parent { writer.bytes(4, parent) }
                    }
                }
            }
        }
    }

    private func adopted(_ message: [UInt8]) throws -> [UInt8]? {
        var output: [UInt8] = []
        return try TraceAdoption.adopt(message.span, context, into: &output) ? output : nil
    }

    @Test("Spans without a trace get the request's, and its span as parent unless they have one; others stay")
    func adopts() throws {
        #expect(try adopted(span(Array(1...16), nil)) == nil)
        for trace in [nil, [], [UInt8](repeating: 0, count: 16)] as [[UInt8]?] {
            let bytes = try #require(try adopted(span(trace, nil)))
            var scanner = TelemetryScanner(collectsTraces: true)
            try scanner.scan(bytes.span, as: .traces)
            #expect(scanner.runs == [TraceRun(traceID: context.traceID, spans: 1)])
            #expect(bytes.suffix(10) == [0x22, 8, 0, 0, 0, 0, 0, 0, 0, 7])
        }
        let own: [UInt8] = [9, 9, 9, 9, 9, 9, 9, 9]
        let child = try #require(try adopted(span(nil, own)))
        #expect(child.suffix(18) == ([0x0A, 16] + context.traceID.bytes)[...])
    }
}
