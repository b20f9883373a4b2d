import Compression
import EventLoop
import HTTP
import SelfTelemetry
import Testing
import WireFormat

@testable import Forwarding

/// A collector that answers as it is told and remembers what it was sent.
private final class ScriptedCollector: HTTPService {
    /// Answers to give, in order; then 200.
    var answers: [HTTPResponse?] = []
    var received: [(path: String, sequence: String, body: [UInt8])] = []
    private let decoder = BodyDecoder()

    func admit(_ head: RequestHead) -> HTTPResponse? { nil }

    func serve(_ exchange: HTTPExchange) {
        var plain: [UInt8] = []
        do {
            try decoder.decode(exchange.body.span, as: .zstd, limit: 1 << 20, into: &plain)
        } catch { Issue.record(error) }
        let headers = exchange.head.headers
        received.append((exchange.head.path, headers["x-hms-sequence"] ?? "", plain))
        #expect(headers["x-hms-sender"] == "sender")
        // Nil leaves the request without an answer.
        guard let answer = answers.isEmpty ? HTTPResponse(status: 200) : answers.removeFirst() else { return }
        exchange.respond(answer)
    }
}

/// An outbox, a forwarder and its collector on one loop, driven by the test.
private final class Bench {
    let loop: EventLoop
    let registry = MetricRegistry()
    let collector = ScriptedCollector()
    let server: HTTPServer
    let route: ForwardRoute
    let outbox: MemoryOutbox
    let client: HTTPClient
    let forwarder: Forwarder

    init(maxBytes: Int = 1 << 20, maxBatchBytes: Int = 100, deadline: Duration = .seconds(20)) throws {
        loop = try EventLoop()
        server = try HTTPServer(loop: loop, address: .loopback(port: 0), service: collector)
        route = try ForwardRoute(maxBytes: maxBytes, counters: ForwardCounters(registry: registry))
        outbox = MemoryOutbox(loop: loop, route: route, maxBatchBytes: maxBatchBytes, maxDelay: .milliseconds(20))
        var options = HTTPClientOptions()
        options.failsWhenConnectFails = true
        client = HTTPClient(loop: loop, endpoint: HTTPEndpoint(address: server.localAddress), options: options)
        var forwarding = Forwarder.Options(sender: "sender", authority: "test")
        forwarding.deadline = deadline
        forwarder = try Forwarder(loop: loop, route: route, client: client, options: forwarding, log: .silent)
    }

    deinit {
        client.close()
        server.close()
    }

    func append(_ text: String, items: Int = 1) -> Bool {
        let bytes = Array(text.utf8)
        return outbox.append(bytes.span, .traces, items: items)
    }

    func run(until condition: () -> Bool) throws {
        let deadline = MonotonicTime.now() + .seconds(10)
        while !condition() {
            try #require(MonotonicTime.now() < deadline, "what was waited for did not happen")
            loop.runOnce(timeout: .milliseconds(5))
        }
    }

    func metric(_ name: String, _ labels: String = #"signal="traces""#) -> String? {
        registry.render().split(separator: "\n").first { $0.hasPrefix("\(name){\(labels)} ") }
            .map { String($0.split(separator: " ").last ?? "") }
    }

    /// Everything that was accepted has been answered for.
    var isSettled: Bool { route.budget.used == 0 }
}

@Suite struct ForwardingTests {
    @Test("Messages are concatenated until the batch is full, and numbered in order")
    func batchesBySize() throws {
        let bench = try Bench(maxBatchBytes: 10)
        for text in ["aaaa", "bbbb", "cccc", "dddd"] { #expect(bench.append(text)) }
        bench.outbox.flush()
        try bench.run { bench.isSettled }
        #expect(bench.collector.received.map { String(decoding: $0.body, as: UTF8.self) } == ["aaaabbbb", "ccccdddd"])
        #expect(bench.collector.received.map(\.sequence) == ["1", "2"])
        #expect(bench.collector.received.allSatisfy { $0.path == "/v1/traces" })
        #expect(bench.metric("hms_sidecar_forwarded_items_total") == "4")
        #expect(bench.metric("hms_sidecar_waiting_items") == "0")
    }

    @Test("A batch that does not fill is sent when it is old enough")
    func batchesByAge() throws {
        let bench = try Bench()
        #expect(bench.append("alone"))
        #expect(bench.metric("hms_sidecar_waiting_items") == "1")
        try bench.run { bench.isSettled }
        #expect(bench.collector.received.count == 1)
    }

    @Test("Over the budget a message is turned away whole, and taken once there is room")
    func budget() throws {
        let bench = try Bench(maxBytes: 10)
        #expect(bench.append("12345678"))
        #expect(!bench.append("abc"))
        try bench.run { bench.isSettled }
        #expect(bench.append("abc"))
        try bench.run { bench.isSettled }
        #expect(bench.collector.received.map { String(decoding: $0.body, as: UTF8.self) } == ["12345678", "abc"])
    }

    @Test("A refusal for now is sent again under the same number", arguments: [408, 429, 500, 502, 503, 504])
    func retries(status: Int) throws {
        let bench = try Bench()
        bench.collector.answers = [HTTPResponse(status: status, headers: HTTPHeaders([("retry-after", "0")]))]
        #expect(bench.append("again"))
        try bench.run { bench.isSettled }
        #expect(bench.collector.received.map(\.sequence) == ["1", "1"])
        #expect(bench.metric("hms_sidecar_forwarded_items_total") == "1")
    }

    @Test("A batch that is never answered is sent again under the same number")
    func deadline() throws {
        let bench = try Bench(deadline: .milliseconds(50))
        bench.collector.answers = [nil]
        #expect(bench.append("again"))
        try bench.run { bench.isSettled }
        #expect(bench.collector.received.map(\.sequence) == ["1", "1"])
    }

    @Test("A refusal for good is dropped and counted, and those behind it go on", arguments: [400, 413, 415])
    func poison(status: Int) throws {
        let bench = try Bench(maxBatchBytes: 4)
        bench.collector.answers = [HTTPResponse(status: status)]
        #expect(bench.append("poison", items: 3))
        #expect(bench.append("good", items: 2))
        try bench.run { bench.isSettled }
        #expect(bench.metric("hms_sidecar_forwarded_items_total") == "2")
        #expect(
            bench.metric("hms_sidecar_dropped_items_total", #"signal="traces",reason="refused_by_collector""#) == "3")
        #expect(bench.metric("hms_sidecar_waiting_items") == "0")
    }

    @Test(
        "What the collector says it rejected is counted within what was sent, whatever number it says",
        arguments: [(2, "3", "2"), (-7, "5", "0"), (1_000, "0", "5")])
    func partialSuccess(rejected: Int, forwarded: String, dropped: String) throws {
        let bench = try Bench()
        var partial = ProtobufWriter()
        partial.message(1) { $0.varint(1, UInt64(bitPattern: Int64(rejected))) }
        bench.collector.answers = [HTTPResponse(status: 200, body: partial.bytes)]
        #expect(bench.append("five", items: 5))
        try bench.run { bench.isSettled }
        #expect(bench.metric("hms_sidecar_forwarded_items_total") == forwarded)
        let label = #"signal="traces",reason="rejected_by_collector""#
        #expect(bench.metric("hms_sidecar_dropped_items_total", label) == dropped)
    }

    @Test("A drain is told when the last batch was answered")
    func drains() throws {
        let bench = try Bench()
        #expect(bench.append("last"))
        bench.outbox.flush()
        let mailbox = try Mailbox<Bool>(capacity: 1)
        var isDrained = false
        try bench.loop.receive(from: mailbox) { _ in isDrained = true }
        bench.route.drain { mailbox.post(true) }
        try bench.run { isDrained }
        #expect(bench.isSettled)
        #expect(bench.collector.received.count == 1)
    }
}
