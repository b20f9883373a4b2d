import EventLoop
import HTTP

/// Asks a collector for several paths at once over one connection, and again while it is overloaded or away. Lives on one
/// loop.
final class PathFetcher {
    private let api: CollectorAPI
    private let loop: EventLoop
    private let client: HTTPClient
    private let patience: Duration
    private let deadline = Duration.seconds(60)
    private static let longestAnswer = 1 << 30

    init(_ api: CollectorAPI, loop: EventLoop, patience: Duration) {
        self.api = api
        self.loop = loop
        self.patience = patience
        var options = HTTPClientOptions()
        options.maxResponseBytes = Self.longestAnswer
        options.failsWhenConnectFails = true
        client = HTTPClient(loop: loop, endpoint: api.endpoint, options: options)
    }

    func close() { client.close() }

    /// `done` gets an answer of status 200 or 404, or why there is none.
    func get(
        _ path: String, accept: String, _ done: @escaping (Result<HTTPClientResponse, OpsError>) -> Void
    ) {
        attempt(path, accept, since: loop.now(), Backoff(base: .milliseconds(200), cap: .seconds(5)), done)
    }

    private func attempt(
        _ path: String, _ accept: String, since: MonotonicTime, _ backoff: Backoff,
        _ done: @escaping (Result<HTTPClientResponse, OpsError>) -> Void
    ) {
        var headers = api.headers
        headers.add("accept", accept)
        let request = HTTPClientRequest(method: "GET", path: path, headers: headers)
        client.send(request, deadline: deadline) { [self] result in
            let failure: OpsError
            switch result {
            case .success(let answer) where answer.status == 200 || answer.status == 404:
                return done(.success(answer))
            case .success(let answer) where answer.status == 400:
                return done(.failure(.query(String(decoding: answer.body.prefix(1000), as: UTF8.self))))
            case .success(let answer):
                failure = .refused(
                    address: api.address, status: answer.status,
                    body: String(decoding: answer.body.prefix(300), as: UTF8.self))
                guard [429, 500, 502, 503, 504].contains(answer.status) else { return done(.failure(failure)) }
            case .failure(let error):
                failure = .noAnswer(error)
                if case .responseTooLarge = error.reason { return done(.failure(failure)) }
            }
            guard loop.now() - since < patience else { return done(.failure(failure)) }
            var next = backoff
            let pause = next.next(random: .random(in: .min ... .max))
            _ = loop.schedule(after: pause) { [self] in attempt(path, accept, since: since, next, done) }
        }
    }

    /// The same, waited for.
    func wait(_ path: String, accept: String) throws(OpsError) -> HTTPClientResponse {
        var answer: Result<HTTPClientResponse, OpsError>?
        get(path, accept: accept) { answer = $0 }
        while true {
            if let answer { return try answer.get() }
            loop.runOnce(timeout: nil)
        }
    }
}
