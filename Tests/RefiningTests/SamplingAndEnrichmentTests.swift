import Testing
import WireFormat

@testable import Refining

@Suite struct SamplingTests {
    private func refiner(_ rules: String) throws -> Refiner {
        Refiner(try RefiningRules(redaction: .init(), sampling: rules, attributes: []))
    }

    private func trace(_ randomness: UInt64) -> [UInt8] {
        [UInt8](repeating: 9, count: 9) + (0..<7).reversed().map { UInt8(truncatingIfNeeded: randomness >> ($0 * 8)) }
    }

    private func refined(_ rules: String, _ span: Message.Span) throws -> (outcome: RefiningOutcome, bytes: [UInt8]) {
        let message = Message.traces([span])
        var output: [UInt8] = []
        let outcome = try refiner(rules).refine(message.span, .traces, into: &output)
        return (outcome, outcome.isChanged ? output : message)
    }

    @Test("A trace is kept when its random bits reach the threshold, which is written into its state")
    func threshold() throws {
        let kept = Message.Span(trace: trace(0x80_0000_0000_0000))
        let (outcome, bytes) = try refined("ratio=0.5", kept)
        #expect(outcome.sampledOut == 0)
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("ot=th:8"))
        let dropped = try refined("ratio=0.5", Message.Span(trace: trace(0x7F_FFFF_FFFF_FFFF)))
        #expect(dropped.outcome.sampledOutByRule == [.init(rule: "ratio=0.5", count: 1)])
        #expect(dropped.bytes == [])
    }

    @Test("Errors are kept, and stay as they are")
    func errors() throws {
        #expect(try !refined("ratio=0", Message.Span(isError: true)).outcome.isChanged)
        #expect(try refined("ratio=0", Message.Span()).outcome.sampledOut == 1)
    }

    @Test("The first rule that fits decides; a span that fits none is kept")
    func order() throws {
        let rules = #"service=shop name="GET /health*" ratio=0; service=other ratio=0"#
        #expect(try refined(rules, Message.Span(name: "GET /healthz")).outcome.sampledOut == 1)
        #expect(try !refined(rules, Message.Span(name: "GET /orders")).outcome.isChanged)
    }

    @Test("An earlier threshold is respected: the stricter of both is stated")
    func earlier() throws {
        let random = trace(0xFF_0000_0000_0000)
        #expect(try !refined("ratio=0.5", Message.Span(trace: random, state: "ot=th:c")).outcome.isChanged)
        let (_, bytes) = try refined("ratio=0.1", Message.Span(trace: random, state: "a=b,ot=th:8;x:1"))
        #expect(String(decoding: bytes, as: UTF8.self).contains("ot=th:e6666666666668;x:1,a=b"))
        let (outcome, _) = try refined("ratio=0.5", Message.Span(trace: random, state: "ot=rv:00000000000000"))
        #expect(outcome.sampledOut == 1)
    }

    @Test("Of many random traces the share that is kept is the ratio, and a lower ratio keeps a part of them")
    func share() throws {
        var random = SystemRandomNumberGenerator()
        let spans = (0..<20_000).map { _ in Message.Span(trace: trace(random.next() >> 8)) }
        let message = Message.traces(spans)
        var output: [UInt8] = []
        let tenth = try refiner("ratio=0.1").refine(message.span, .traces, into: &output)
        #expect((1_750...2_250).contains(spans.count - tenth.sampledOut))
        var scanner = TelemetryScanner(collectsTraces: false)
        try scanner.scan(output.span, as: .traces)
        #expect(scanner.items == spans.count - tenth.sampledOut)
        var again: [UInt8] = []
        #expect(try !refiner("ratio=0.2").refine(output.span, .traces, into: &again).isChanged)
    }

    @Test(
        "A rule that cannot be used is refused with the reason",
        arguments: [
            ("ratio=2", "has the ratio '2', expected a number from 0 to 1"),
            ("service=a", "has no ratio, such as ratio=0.1"),
            ("nme=a ratio=1", "has 'nme', expected service, name or ratio"),
        ])
    func refuses(text: String, reason: String) {
        #expect(throws: RuleError(text, reason)) { _ = try SamplingRule.parse(text) }
    }
}

@Suite struct EnrichmentTests {
    @Test("Attributes that the resource does not have are appended as another resource; others win")
    func appends() throws {
        let refiner = Refiner(
            try RefiningRules(
                redaction: nil, sampling: "",
                attributes: [("k8s.pod.name", "p"), ("host.name", "h"), ("k8s.pod.name", "q")]))
        func enriched(_ resource: [Message.Attribute]) throws -> [UInt8]? {
            var output: [UInt8] = []
            let message = Message.traces(resource: resource, [Message.Span()])
            return try refiner.refine(message.span, .traces, into: &output).isChanged ? output : nil
        }
        #expect(try enriched([("k8s.pod.name", "x"), ("host.name", "y")]) == nil)
        let one = Message.bytes { writer in
            writer.message(1) { Message.attribute(&$0, 1, "k8s.pod.name", "p") }
        }
        let some = try #require(try enriched([("host.name", "y")]))
        #expect(some.suffix(one.count) == one[...])
        var scanner = TelemetryScanner(collectsTraces: false)
        try scanner.scan(some.span, as: .traces)
        #expect(scanner.services == [ServiceCount(name: "shop", spans: 1)])
    }

    @Test("Variables of a pod count in a pod, or with the product's name in front; files of the downward API are read")
    func kubernetes() {
        func keys(_ environment: [String: String]) -> [String] {
            KubernetesIdentity.attributes(environment: environment).map { "\($0.key)=\($0.value)" }
        }
        #expect(keys(["POD_NAME": "p", "CONTAINER_NAME": "c"]) == [])
        #expect(
            keys(["POD_NAME": "p", "NODE_NAME": "n", "KUBERNETES_SERVICE_HOST": "x"]) == [
                "k8s.pod.name=p", "k8s.node.name=n",
            ])
        #expect(keys(["HMS_POD_NAME": "p"]) == ["k8s.pod.name=p"])
        let file = KubernetesIdentity.attributes(
            file: "app=\"a \\\"b\\\"\"\nbroken\ntier=\"web\"\n", prefix: "k8s.pod.label.")
        #expect(file.map { "\($0.key)=\($0.value)" } == ["k8s.pod.label.app=a \"b\"", "k8s.pod.label.tier=web"])
        let text = ResourceAttributesText.parse("a=1, b=x%20y,broken,=2")
        #expect(text.map { "\($0.key)=\($0.value)" } == ["a=1", "b=x y"])
    }
}
