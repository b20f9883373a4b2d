import EventLoop
import Glibc
import HTTP
import TLS

/// Answers as a test wants. `/echo` sends the body back, `/hang` is kept without an answer.
final class ScriptedService: HTTPService {
    var kept: [HTTPExchange] = []
    var answer: (HTTPExchange) -> HTTPResponse? = { exchange in
        HTTPResponse(status: 200, headers: HTTPHeaders([("x-path", exchange.head.path)]), body: exchange.body)
    }

    func admit(_ head: RequestHead) -> HTTPResponse? { nil }

    func serve(_ exchange: HTTPExchange) {
        guard exchange.head.path != "/hang", let response = answer(exchange) else {
            kept.append(exchange)
            return
        }
        exchange.respond(response)
    }
}

/// A client and whatever it talks to on one loop, run until a condition holds.
final class ClientBench {
    typealias Outcome = Result<HTTPClientResponse, HTTPClientError>

    let loop: EventLoop
    let service = ScriptedService()
    var server: HTTPServer?
    var options = HTTPClientOptions()
    private(set) var client: HTTPClient?
    var outcomes: [Outcome] = []

    init() throws {
        loop = try EventLoop()
        options.backoff = Backoff(base: .milliseconds(2), cap: .milliseconds(20))
    }

    @discardableResult
    func serve(at address: SocketAddress = .loopback(port: 0), tls: TLSServerContext? = nil) throws -> SocketAddress {
        var limits = HTTPLimits()
        limits.maxConcurrentStreams = 100
        let made = try HTTPServer(loop: loop, address: address, tls: tls, limits: limits, service: service)
        server = made
        return made.localAddress
    }

    func connect(_ endpoint: HTTPEndpoint) { client = HTTPClient(loop: loop, endpoint: endpoint, options: options) }
    func connect(_ address: SocketAddress) { connect(HTTPEndpoint(address: address)) }
    func dropClient() { client = nil }

    func send(_ path: String = "/", method: String = "POST", body: [UInt8] = [], deadline: Duration = .seconds(20)) {
        client!.send(HTTPClientRequest(method: method, path: path, body: body), deadline: deadline) { [unowned self] in
            outcomes.append($0)
        }
    }

    /// Runs the loop until `condition` holds; false when it does not within 20 seconds.
    @discardableResult
    func run(until condition: () -> Bool) -> Bool {
        let end = loop.now() + .seconds(20)
        while !condition() {
            guard loop.now() < end else { return false }
            loop.runOnce(timeout: .milliseconds(100))
        }
        return true
    }

    func outcome(_ index: Int = 0) -> Outcome? {
        run { outcomes.count > index }
        return outcomes.count > index ? outcomes[index] : nil
    }
}

extension Result where Success == HTTPClientResponse, Failure == HTTPClientError {
    var response: HTTPClientResponse? { try? get() }
    var error: HTTPClientError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
