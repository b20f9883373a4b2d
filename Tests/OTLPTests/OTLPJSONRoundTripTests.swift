import Testing
import WireFormat

@testable import OTLP

/// Random messages of the whole schema, canonical: fields by number, defaults left out, numbers packed.
@Suite struct OTLPJSONRoundTripTests {
    @Test("Random requests go to JSON and come back as the same bytes", arguments: SignalKind.allCases)
    func roundTrip(kind: SignalKind) throws {
        for seed in 1...150 as ClosedRange<UInt64> {
            var generator = MessageGenerator(seed: seed)
            let message = generator.message(.request(kind))
            let json = try OTLPJSON.json(fromProtobuf: message, kind: kind)
            let back = try OTLPJSON.protobuf(fromJSON: json, kind: kind)
            #expect(back == message, "seed \(seed): \(String(decoding: json, as: UTF8.self))")
            let pretty = try OTLPJSON.json(fromProtobuf: message, kind: kind, pretty: true)
            #expect(try OTLPJSON.protobuf(fromJSON: pretty, kind: kind) == message, "seed \(seed), pretty")
        }
    }

    @Test("Cut or changed messages are errors or other messages, never a crash", arguments: SignalKind.allCases)
    func mutations(kind: SignalKind) throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var generator = MessageGenerator(seed: seed)
            let message = generator.message(.request(kind))
            guard !message.isEmpty else { continue }
            let json = try OTLPJSON.json(fromProtobuf: message, kind: kind)
            for _ in 0..<50 {
                let changed = generator.mutate(message)
                if let text = try? OTLPJSON.json(fromProtobuf: changed, kind: kind) {
                    #expect(throws: Never.self, "seed \(seed)") { try OTLPJSON.protobuf(fromJSON: text, kind: kind) }
                }
                _ = try? OTLPJSON.protobuf(fromJSON: generator.mutate(json), kind: kind)
                if kind == .traces { _ = try? decodeSpans(changed) }
            }
        }
    }

    @Test("Every field of every message has a number of its own and both names")
    func schema() {
        for kind in MessageKind.allCases {
            let fields = kind.schema.fields
            #expect(Set(fields.map(\.number)).count == fields.count, "\(kind)")
            #expect(Set(fields.map(\.camelName)).count == fields.count, "\(kind)")
        }
        let names = MessageKind.span.schema.fields.map { String(decoding: $0.snakeName, as: UTF8.self) }
        #expect(names.prefix(7).last == "start_time_unix_nano")
        #expect(MessageKind.severities.number(named: "SEVERITY_NUMBER_FATAL4") == 24)
    }
}
