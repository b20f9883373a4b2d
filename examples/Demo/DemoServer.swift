import EventLoop
import Glibc
import HMSTrace
import HTTP
import TraceModel

/// One service of the demo: an HTTP server and a client on an event loop, and the service's own code in Swift tasks.
///
/// The loop's thread keeps the exchanges; a task gets the request as a value and posts its answer, or a call to the next
/// service, to the loop's mailbox.
final class DemoServer: HTTPService {
    private enum Message: Sendable {
        case answer(UInt64, HTTPResponse)
        case call(HTTPClientRequest, CheckedContinuation<Result<HTTPClientResponse, HTTPClientError>, Never>)
        case stop
    }

    /// Requests at work; further ones are refused, so the mailbox, which each of them uses for one message at a time, never
    /// fills up.
    private static let maximumOpen = 256

    private let loop: EventLoop
    private let service: any DemoService
    private let mailbox: Mailbox<Message>
    private let client: HTTPClient?
    private var server: HTTPServer?
    private var open: [UInt64: HTTPExchange] = [:]
    private var lastID: UInt64 = 0

    init(service: any DemoService, listen: SocketAddress, next: SocketAddress?) throws(SystemError) {
        self.service = service
        let loop = try EventLoop()
        self.loop = loop
        mailbox = try Mailbox(capacity: 2 * Self.maximumOpen)
        var options = HTTPClientOptions()
        options.failsWhenConnectFails = true
        client = next.map { HTTPClient(loop: loop, endpoint: HTTPEndpoint(address: $0), options: options) }
        server = try HTTPServer(loop: loop, address: listen, service: self)
        try loop.receive(from: mailbox) { [unowned self] in receive($0) }
    }

    var address: SocketAddress { server?.localAddress ?? .loopback(port: 0) }

    /// Serves until a signal comes, then lets open requests end.
    func run(until signals: StopSignals) throws(SystemError) {
        let mailbox = mailbox
        _ = try EventLoop.start(name: "signals") { loop in
            while !signals.wait(seconds: 3_600) {}
            _ = mailbox.post(.stop)
            loop.stop()
        }
        loop.run()
    }

    private func receive(_ message: Message) {
        switch message {
        case .answer(let id, let response): open.removeValue(forKey: id)?.respond(response)
        case .call(let request, let continuation):
            guard let client else {
                let failure = HTTPClientError(.closed, endpoint: "(none)", mayHaveBeenProcessed: false)
                return continuation.resume(returning: .failure(failure))
            }
            client.send(request, deadline: .seconds(5)) { continuation.resume(returning: $0) }
        case .stop: server?.drain(grace: .seconds(2)) { [loop] in loop.stop() }
        }
    }

    // MARK: HTTPService

    func admit(_ head: RequestHead) -> HTTPResponse? {
        head.method == "GET" ? nil : .text(405, "only GET is answered here\n")
    }

    func serve(_ exchange: HTTPExchange) {
        let head = exchange.head
        // Health checks would only hide the traces that matter.
        if head.path == "/health" { return exchange.respond(.text(200, "ok\n")) }
        guard open.count < Self.maximumOpen else { return exchange.respond(.text(503, "too many requests\n")) }
        lastID += 1
        open[lastID] = exchange
        let request = DemoRequest(head: head)
        let next = Downstream { [mailbox] request in
            await withCheckedContinuation { continuation in
                if !mailbox.post(.call(request, continuation)) {
                    let failure = HTTPClientError(.queueFull, endpoint: "(next)", mayHaveBeenProcessed: false)
                    continuation.resume(returning: .failure(failure))
                }
            }
        }
        Task { [id = lastID, service, mailbox] in
            let response = await respond(to: request, with: service, next: next)
            _ = mailbox.post(.answer(id, response))
        }
    }
}

/// The server's span: below what the caller named, around everything the service does.
private func respond(to request: DemoRequest, with service: any DemoService, next: Downstream) async -> HTTPResponse {
    let context = HMSTrace.extract { request.headers.values($0) }
    return await withSpan("GET \(request.route)", context: context, ofKind: .server) { span in
        span.attributes["http.request.method"] = "GET"
        span.attributes["http.route"] = request.route
        span.attributes["url.path"] = request.path
        let response: HTTPResponse
        do {
            response =
                if request.route == "/fake_slow" {
                    try await fakeSlow(request)
                } else {
                    try await service.handle(request, next: next)
                }
        } catch let failure as ServiceFailure {
            span.recordError(failure)
            response = json(failure.status, #"{"error":"\#(failure.reason)"}"#)
        } catch {
            span.recordError(error)
            response = json(500, #"{"error":"internal"}"#)
        }
        span.attributes["http.response.status_code"] = response.status
        if response.status >= 500 { span.setStatus(SpanStatus(code: .error, message: "status \(response.status)")) }
        var traced = response
        // Lets a person who holds the answer find its trace.
        if let trace = span.context.trace { traced.headers.add("x-hms-trace-id", trace.traceID.description) }
        return traced
    }
}

/// `/fake_slow?ms=500` takes as long as it is asked to, a minute at most.
private func fakeSlow(_ request: DemoRequest) async throws -> HTTPResponse {
    let wanted = request.query["ms"].map { Int($0) } ?? 500
    guard let wanted, (0...60_000).contains(wanted) else {
        throw ServiceFailure(status: 400, reason: "'ms' must be a whole number from 0 to 60000")
    }
    try await withSpan("fake slow work") { span in
        span.attributes["sleep.ms"] = wanted
        try await Task.sleep(for: .milliseconds(wanted))
    }
    return json(200, #"{"slept_ms":\#(wanted)}"#)
}
