import EventLoop
import HTTP
import JSON

/// Follows what a collector tells of a query, and connects again when that was lost. Blocks.
final class TailSession {
    private let collector: CollectorAPI
    private let terminal: Terminal
    private let path: String
    private let loop: EventLoop
    private var client: HTTPClient?
    private var parser = EventStreamParser()
    private var events: [EventStreamParser.Event] = []
    private var outcome: Result<HTTPClientResponse, HTTPClientError>?
    private var tooLong: EventStreamParser.TooLong?
    private var backoff = Backoff()

    /// Whether the collector told anything since the last connect.
    private var isOpen = false

    init(_ query: String, _ collector: CollectorAPI, _ terminal: Terminal) throws(OpsError) {
        self.collector = collector
        self.terminal = terminal
        path = "/api/v1/tail?q=\(percentEncoded(query))"
        do { loop = try EventLoop() } catch { throw .noLoop(error) }
    }

    deinit { client?.close() }

    /// Connects. After this everything that arrives will be told; a first connection that fails is an error.
    func begin() throws(OpsError) {
        connect()
        while events.isEmpty, outcome == nil { loop.runOnce(timeout: nil) }
        if let failure = failure { throw failure }
    }

    /// Writes what comes, until `report` has enough.
    func run(_ report: consuming TailReport) throws(OpsError) {
        var report = report
        while true {
            for event in events {
                isOpen = true
                report.tell(event)
                if report.isOver { return }
            }
            if isOpen, !events.isEmpty { backoff.reset() }
            events = []
            guard outcome == nil else {
                try reconnect()
                continue
            }
            loop.runOnce(timeout: nil)
        }
    }

    private func connect() {
        (outcome, tooLong, isOpen) = (nil, nil, false)
        parser = EventStreamParser()
        var options = HTTPClientOptions()
        options.failsWhenConnectFails = true
        let client = HTTPClient(loop: loop, endpoint: collector.endpoint, options: options)
        self.client = client
        var headers = collector.headers
        headers.add("accept", "text/event-stream")
        client.stream(
            HTTPClientRequest(method: "GET", path: path, headers: headers), deadline: .seconds(30),
            onBytes: { [weak self] in self?.take($0) }, { [weak self] in self?.outcome = $0 })
    }

    private func take(_ bytes: [UInt8]) {
        guard tooLong == nil else { return }
        do throws(EventStreamParser.TooLong) {
            events += try parser.read(bytes)
        } catch {
            tooLong = error
            client?.close()
        }
    }

    /// What no further attempt would change; nil where the tail goes on or was only interrupted.
    private var refusal: OpsError? {
        if let tooLong {
            return .malformedAnswer(
                address: collector.address, path: "/api/v1/tail", reason: "an event is over \(tooLong.limit) bytes")
        }
        guard case .success(let response)? = outcome, response.status != 200 else { return nil }
        let body = String(decoding: response.body.prefix(1000), as: UTF8.self)
        if response.status == 400 { return .query(body) }
        return .refused(address: collector.address, status: response.status, body: body)
    }

    private var failure: OpsError? {
        if let refusal { return refusal }
        switch outcome {
        case nil: return nil
        case .failure(let error)?: return .noAnswer(error)
        case .success?:
            return events.isEmpty
                ? .malformedAnswer(address: collector.address, path: "/api/v1/tail", reason: "it ended at once") : nil
        }
    }

    private func reconnect() throws(OpsError) {
        if let refusal {
            // A collector that is full, or has not opened the store yet, may have room soon.
            guard case .refused(_, let status, _) = refusal, (502...504).contains(status) else { throw refusal }
        }
        let reason =
            switch outcome {
            case .failure(let error)?: "\(error)"
            case .success(let response)? where response.status != 200:
                "\(collector.address) answered \(response.status)"
            default: "\(collector.address) ended it"
            }
        let delay = backoff.next(random: UInt64.random(in: .min ... .max))
        terminal.remark(
            "The tail was lost: \(reason.withoutControls). What arrives meanwhile is not told; trying again.\n")
        client?.close()
        var isDue = false
        let timer = loop.schedule(after: max(delay, .milliseconds(500))) { isDue = true }
        while !isDue { loop.runOnce(timeout: nil) }
        _ = timer
        connect()
    }
}
