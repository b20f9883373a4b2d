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

    // In the order in which they are freed: what lives on the loop before the loop.
    private(set) var client: HTTPClient?
    private var peers: [RawPeer] = []
    var server: HTTPServer? {
        didSet { if let oldValue { replaced.append(oldValue) } }
    }
    /// Servers that another took the place of; they may still have something to finish.
    private var replaced: [HTTPServer] = []
    let service = ScriptedService()
    var options = HTTPClientOptions()
    var outcomes: [Outcome] = []
    let loop: EventLoop

    init() throws {
        loop = try EventLoop()
        options.backoff = Backoff(base: .milliseconds(2), cap: .milliseconds(20))
    }

    deinit {
        server?.close()
        for server in replaced { server.close() }
    }

    @discardableResult
    func serve(at address: SocketAddress = .loopback(port: 0), tls: TLSServerContext? = nil) throws -> SocketAddress {
        var limits = HTTPLimits()
        limits.maxConcurrentStreams = 100
        let made = try HTTPServer(loop: loop, address: address, tls: tls, limits: limits, service: service)
        server = made
        return made.localAddress
    }

    /// A peer that lives as long as the bench.
    func peer(greeting: [UInt8] = [], reply: [UInt8] = [], closesOnData: Bool = false) throws -> RawPeer {
        let made = try RawPeer(on: loop, greeting: greeting, reply: reply, closesOnData: closesOnData)
        peers.append(made)
        return made
    }

    /// An address where nobody listens.
    func deserted() throws -> SocketAddress { try RawPeer(on: loop).address }

    func connect(_ endpoint: HTTPEndpoint) { client = HTTPClient(loop: loop, endpoint: endpoint, options: options) }
    func connect(_ address: SocketAddress) { connect(HTTPEndpoint(address: address)) }
    func dropClient() { client = nil }

    func send(_ path: String = "/", method: String = "POST", body: [UInt8] = [], deadline: Duration = .seconds(20)) {
        client!.send(HTTPClientRequest(method: method, path: path, body: body), deadline: deadline) { [weak self] in
            self?.outcomes.append($0)
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
