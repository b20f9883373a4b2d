import OTLP
import SpanTokens
import Testing
import TraceModel

@Suite("Tokens of frames")
struct FrameTokensTests {
    private struct Frame {
        var tokens: [UInt64]

        func has(_ token: UInt64) -> Bool { tokens.contains { $0 & ~1 == token } }
        func allHave(_ token: UInt64) -> Bool { tokens.contains(token | 1) }
    }

    private static func span(_ number: Int, _ attributes: [Attribute], service: String) -> SpanValue {
        SpanValue(
            traceID: TraceID(high: 1, low: 1), spanID: SpanID(value: UInt64(number) + 1), name: "name \(number % 2)",
            startUnixNano: 5, endUnixNano: 10, attributes: attributes,
            resource: ResourceValue([
                Attribute("service.name", .string(service)), Attribute("region", .string("north")),
            ]))
    }

    private static func add(_ spans: [SpanValue], to tokens: inout FrameTokens) {
        OTLPSpanWriter.encode(spans).withUnsafeBytes { tokens.add($0) }
    }

    @Test("Frame after frame has what its spans say and is marked where all of them say it", arguments: 0..<20)
    func tellsSomeAndAll(seed: Int) {
        var generator = SystemRandomNumberGenerator()
        let token = SpanToken(salt: UInt64(seed))
        var gathered = FrameTokens(token)
        let keys = ["a", "b", "c"]
        for _ in 0..<30 {
            var spans: [SpanValue] = []
            // Many values that come once push those aside that come often.
            for number in 0..<Int.random(in: 1...60, using: &generator) {
                var attributes = [
                    Attribute("always", .string("here")), Attribute("unique", .string("\(generator.next())")),
                ]
                for key in keys where Int.random(in: 0..<8, using: &generator) > 0 {
                    attributes.append(Attribute(key, .int(Int64.random(in: 0...1, using: &generator))))
                }
                if Bool.random(using: &generator) { attributes.append(attributes[0]) }
                spans.append(Self.span(number, attributes, service: number % 3 == 0 ? "x" : "y"))
            }
            Self.add(spans, to: &gathered)
            let frame = Frame(tokens: gathered.finish())
            #expect(frame.tokens.map { $0 & ~1 } == frame.tokens.map { $0 & ~1 }.sorted())
            func check(_ token: UInt64, _ holds: (SpanValue) -> Bool) {
                let (some, all) = (spans.contains(where: holds), spans.allSatisfy(holds))
                #expect(frame.has(token) == some)
                #expect(all || !frame.allHave(token))
            }
            for key in keys {
                check(token.exists(key)) { $0.attributes[key] != nil }
                for value in ["0", "1"] {
                    check(token.equals(key, canonicalText: value)) { span in
                        span.attributes.contains { $0.key == key && $0.value == .int(Int64(value)!) }
                    }
                }
            }
            check(token.service("x")) { $0.serviceName == "x" }
            check(token.name("name 0")) { $0.name == "name 0" }
            check(token.service("y", name: "name 1")) { $0.serviceName == "y" && $0.name == "name 1" }
            check(token.hasParent) { $0.parentSpanID != nil }
            #expect(frame.allHave(token.exists("always")) && frame.allHave(token.exists("unique")))
            #expect(frame.allHave(token.equals("region", canonicalText: "north")))
            #expect(frame.allHave(token.status(0)))
        }
    }

    @Test("A resource with more attributes than are remembered is found by all of them")
    func readsLargeResources() {
        let token = SpanToken(salt: 7)
        var gathered = FrameTokens(token)
        var span = Self.span(0, [], service: "x")
        span.resource.attributes += (0..<400).map { Attribute("key \($0)", .string("v")) }
        for _ in 0..<2 {
            Self.add([span], to: &gathered)
            let frame = Frame(tokens: gathered.finish())
            #expect((0..<400).allSatisfy { frame.allHave(token.equals("key \($0)", canonicalText: "v")) })
            #expect(frame.allHave(token.service("x")))
        }
    }

    @Test("A frame with more tokens than are kept may hold anything, and the next one is as ever")
    func forgetsTooMany() {
        let token = SpanToken(salt: 7)
        var gathered = FrameTokens(token)
        var number = 0
        for _ in 0..<300 {
            let attributes = (0..<1_000).map { _ -> Attribute in
                number += 1
                return Attribute("key \(number)", .string("v"))
            }
            Self.add([Self.span(0, attributes, service: "x")], to: &gathered)
        }
        #expect(gathered.finish() == [FrameTokens.anything])
        Self.add([Self.span(0, [Attribute("k", .string("v"))], service: "x")], to: &gathered)
        let frame = Frame(tokens: gathered.finish())
        #expect(frame.allHave(token.equals("k", canonicalText: "v")))
        #expect(!frame.has(token.equals("key 1", canonicalText: "v")))
    }
}
