import EventLoop
import HTTP
import OTLPDelivery
import Testing
import WireFormat

/// A client whose answers the test gives.
private final class ScriptedClient: RequestSender {
    var requests: [HTTPClientRequest] = []
    private var waiting: [(Result<HTTPClientResponse, HTTPClientError>) -> Void] = []

    func send(
        _ request: HTTPClientRequest, deadline: Duration,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        requests.append(request)
        waiting.append(done)
    }

    func close() {}
    var open: Int { waiting.count }

    func answer(_ status: Int, _ headers: [(String, String)] = [], body: [UInt8] = []) {
        waiting.removeFirst()(
            .success(HTTPClientResponse(status: status, headers: HTTPHeaders(headers), body: body)))
    }

    func fail() {
        waiting.removeFirst()(
            .failure(HTTPClientError(.connectionLost("cut"), endpoint: "a:1", mayHaveBeenProcessed: true)))
    }
}

@Suite struct BatchCourierTests {
    private let loop: EventLoop
    private let client = ScriptedClient()
    private let ends = Ends()

    private final class Ends {
        var all: [(sequence: UInt64, outcome: BatchCourier.Outcome)] = []
    }

    init() throws { loop = try EventLoop() }

    private func courier(_ change: (inout BatchCourier.Options) -> Void = { _ in }) -> BatchCourier {
        var options = BatchCourier.Options()
        options.encoding = .none
        options.sender = "0000"
        options.backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(1))
        change(&options)
        let ends = ends
        return BatchCourier(loop: loop, client: client, options: options) { ends.all.append(($0.sequence, $1)) }
    }

    private func batch(_ sequence: UInt64, items: Int = 3) -> BatchCourier.Batch {
        BatchCourier.Batch(kind: .traces, message: [0x0A, 0], items: items, sequence: sequence)
    }

    /// Runs the loop until `condition` holds; a minute is for ever.
    private func run(until condition: () -> Bool) {
        let end = loop.now() + .seconds(60)
        while !condition(), loop.now() < end { loop.runOnce(timeout: .milliseconds(5)) }
        #expect(condition())
    }

    @Test("So many are on their way at once; each answer makes room")
    func inFlight() throws {
        let courier = courier { $0.maxInFlight = 2 }
        courier.send(batch(1))
        #expect(courier.hasRoom)
        courier.send(batch(2))
        #expect(!courier.hasRoom)
        run { client.open == 2 }
        #expect(client.requests.map { $0.headers["x-hms-sequence"] } == ["1", "2"])
        #expect(client.requests[0].path == "/v1/traces")
        client.answer(200)
        #expect(courier.hasRoom)
        #expect(ends.all.map(\.sequence) == [1])
        #expect(ends.all[0].outcome == .delivered(rejected: 0))
        client.answer(200, body: [0x0A, 2, 0x08, 2])
        #expect(ends.all[1].outcome == .delivered(rejected: 2))
        #expect(courier.isIdle)
    }

    @Test("What failed is sent again under its number, and alone until it comes through")
    func sendsAgain() {
        let courier = courier { $0.maxInFlight = 3 }
        for sequence in 1...3 as ClosedRange<UInt64> { courier.send(batch(sequence)) }
        run { client.open == 3 }
        client.fail()
        client.answer(503, [("retry-after", "0")])
        client.fail()
        run { client.requests.count == 4 }
        #expect(client.open == 1)
        #expect(ends.all.isEmpty)
        client.answer(200)
        run { client.open == 2 }
        client.answer(200)
        client.answer(200)
        #expect(ends.all.map(\.sequence).sorted() == [1, 2, 3])
        #expect(courier.retries == 3)
        #expect(courier.troubledSince == nil)
    }

    @Test("A request that will never be taken ends, and the next goes on")
    func refused() {
        let courier = courier()
        courier.send(batch(1))
        run { client.open == 1 }
        client.answer(400)
        #expect(ends.all.map(\.outcome) == [.refused(reason: "status 400")])
        courier.send(batch(2))
        run { client.open == 1 }
        client.answer(200)
        #expect(ends.all.last?.outcome == .delivered(rejected: 0))
    }

    @Test("A server that does not know an encoding is sent plainer ones")
    func repacks() {
        let courier = courier { $0.encoding = .zstd }
        courier.send(batch(1))
        var encodings: [String?] = []
        for status in [415, 415, 200] {
            run { client.open == 1 }
            encodings.append(client.requests.last?.headers["content-encoding"])
            client.answer(status)
        }
        #expect(encodings == ["zstd", "gzip", nil])
        #expect(ends.all.map(\.outcome) == [.delivered(rejected: 0)])
    }

    @Test("When patience ends, or a status says that waiting is no use, everything is given up")
    func givesUp() {
        let impatient = courier { $0.patience = .zero }
        impatient.send(batch(1))
        run { client.open == 1 }
        client.fail()
        #expect(ends.all.map(\.outcome) == [.gaveUp(reason: "a:1: connection lost: cut")])

        let courier = courier { $0.fatalStatuses = [401] }
        for sequence in 2...3 as ClosedRange<UInt64> { courier.send(batch(sequence)) }
        run { client.open == 2 }
        client.answer(401)
        client.answer(401)
        #expect(
            ends.all.suffix(2).map(\.outcome) == [
                .gaveUp(reason: "the server answers with status 401"),
                .gaveUp(reason: "the server answers with status 401"),
            ])
        #expect(courier.isIdle)
    }
}
