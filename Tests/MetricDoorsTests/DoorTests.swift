import EventLoop
import Glibc
import HTTP
import Receiving
import SelfTelemetry
import Testing
import WireFormat

@testable import MetricDoors

/// The doors on a loop, with a sink that does as it is told and a clock that stands still until it is moved.
@Suite struct DoorTests {
    private let loop: EventLoop
    private let registry = MetricRegistry()
    private let ingest: IngestCounters
    private let sink = ScriptedSink()
    private final class Clock { var now: UInt64 = 1_700_000_003_000_000_000 }
    private let clock = Clock()

    init() throws {
        loop = try EventLoop()
        ingest = IngestCounters(program: "test", registry: registry)
    }

    private func run(until condition: () -> Bool) -> Bool {
        let end = loop.now() + .seconds(20)
        while !condition() {
            guard loop.now() < end else { return false }
            loop.runOnce(timeout: .milliseconds(20))
        }
        return true
    }

    private func count(_ line: String) -> Int? {
        let found = registry.render().split(separator: "\n").first { $0.hasPrefix(line + " ") }
        return found.flatMap { Int($0.dropFirst(line.count + 1)) }
    }

    private func statsD() throws -> StatsDDoor {
        try StatsDDoor(
            loop: loop, address: .loopback(port: 0), sink: sink, ingest: ingest,
            counters: StatsDCounters(program: "test", registry: registry),
            exposition: ExpositionTable(program: "test", registry: registry), log: .silent,
            clock: { [clock] in clock.now })
    }

    private func send(_ text: String, to door: StatsDDoor) throws {
        let socket = try Socket.connectDatagram(door.localAddress)
        defer { close(socket) }
        #expect(Glibc.send(socket, Array(text.utf8), text.utf8.count, 0) == text.utf8.count)
    }

    private static let taken = #"test_statsd_lines_total{outcome="taken"}"#

    @Test("A window ends when the clock says so, also when its timer is late, and what comes then is in the next")
    func windows() throws {
        let door = try statsD()
        try send("a:1|c\na:2|c", to: door)
        #expect(run { count(Self.taken) == 2 })
        #expect(sink.accepted.isEmpty)
        clock.now += 8_000_000_000
        try send("a:4|c", to: door)
        #expect(run { count(Self.taken) == 3 })
        #expect(sink.scannedItems == [1] && sink.accepted[0].items == 1)
        door.drainAndClose()
        #expect(sink.scannedItems == [1, 1])
        #expect(count(#"test_accepted_items_total{signal="metrics"}"#) == 2)
        #expect(count(#"test_received_items_total{signal="metrics"}"#) == 2)
    }

    @Test("Events go on at once, as logs that pass the doors' own check")
    func events() throws {
        let door = try statsD()
        try send("_e{1,2}:a|bc\n_sc|db|2\n_e{9,9}:lie|x", to: door)
        #expect(run { !sink.accepted.isEmpty })
        #expect(sink.accepted.map(\.kind) == [.logs] && sink.scannedItems == [2])
        #expect(count(#"test_statsd_refused_lines_total{reason="bad_event"}"#) == 1)
        door.drainAndClose()
    }

    @Test("While the sink is busy metrics wait and come in order; what never fits is counted as lost")
    func busySink() throws {
        sink.isBusy = true
        let queue = DeliveryQueue(
            loop: loop, sink: sink, ingest: ingest, log: .silent, what: "test",
            options: DeliveryQueue.Options(maxBytes: 30))
        for index in 0..<5 { queue.add(.metrics, [UInt8](repeating: UInt8(index), count: 10), items: 1) }
        #expect(queue.queuedBytes == 30)
        #expect(count(#"test_rejected_items_total{signal="metrics",reason="busy"}"#) == 2)
        sink.isBusy = false
        #expect(run { sink.accepted.count == 3 })
        #expect(sink.accepted.map { $0.bytes[0] } == [2, 3, 4])
        #expect(count(#"test_received_items_total{signal="metrics"}"#) == 5)
        #expect(count(#"test_accepted_items_total{signal="metrics"}"#) == 3)
        sink.isBusy = true
        queue.add(.metrics, [1], items: 7)
        queue.drain()
        #expect(count(#"test_rejected_items_total{signal="metrics",reason="busy"}"#) == 9)
    }

    @Test(
        "A push is answered by the sink: 200 when it took it, 503 with Retry-After when it is busy, and then not shown")
    func push() throws {
        let exposition = ExpositionTable(program: "test", registry: registry)
        let server = try HTTPServer(
            loop: loop, address: .loopback(port: 0),
            service: PushService(sink: sink, ingest: ingest, exposition: exposition, clock: { [clock] in clock.now }))
        defer { server.close() }
        let client = HTTP1Client(loop: loop, endpoint: HTTPEndpoint(address: server.localAddress))
        defer { client.close() }
        var answers: [HTTPClientResponse] = []
        func post(_ body: String) -> HTTPClientResponse? {
            let before = answers.count
            client.send(
                HTTPClientRequest(method: "POST", path: "/metrics", body: Array(body.utf8)), deadline: .seconds(20)
            ) { if let answer = try? $0.get() { answers.append(answer) } }
            return run { answers.count > before } ? answers.last : nil
        }
        sink.isBusy = true
        let busy = post(#"{"a":1}"#)
        #expect(busy?.status == 503 && busy?.headers["retry-after"] == "1")
        sink.isBusy = false
        #expect(exposition.render() == [])
        #expect(post(#"[{"a":1},{"b_total":2}]"#)?.body == Array(#"{"accepted":2}"#.utf8))
        #expect(sink.scannedItems == [2])
        #expect(String(decoding: exposition.render(), as: UTF8.self).contains("a 1\n"))
        #expect(post("[]")?.status == 200)
        #expect(count(#"test_rejected_items_total{signal="metrics",reason="busy"}"#) == 1)
        #expect(count(#"test_accepted_items_total{signal="metrics"}"#) == 2)
    }

    @Test("Large families are split over messages that each pass the check, and no point is lost")
    func splitting() {
        let points = (0..<20_000).map { index in
            MetricPoint(attributes: [Label("i", "\(index)")], start: 1, time: 2, value: .double(1))
        }
        let family = MetricFamily(name: "a", shape: .sum(isMonotonic: true, isCumulative: false), points: points)
        let messages = OTLPMetricsWriter.messages([family], resource: [Label("service.name", "x")], scope: "s")
        #expect(messages.count > 1)
        #expect(messages.allSatisfy { $0.bytes.count < 300 << 10 })
        #expect(messages.reduce(0) { $0 + $1.items } == 20_000)
        for message in messages {
            var scanner = TelemetryScanner(collectsTraces: false)
            #expect(throws: Never.self) { try scanner.scan(message.bytes.span, as: .metrics) }
            #expect(scanner.items == message.items)
        }
    }
}
