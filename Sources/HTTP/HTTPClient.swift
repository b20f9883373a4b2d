package import EventLoop

/// Sends requests over one warm HTTP/2 connection, which it opens with the first request and again when it is lost. Lives on
/// one loop, hence not `Sendable`.
///
/// Every request is answered exactly once and never within `send`: with a response of whatever status, or with an error that
/// says whether the server may have processed it. The client itself never repeats a request.
package final class HTTPClient {
    package let endpoint: HTTPEndpoint
    private let options: HTTPClientOptions
    private let loop: EventLoop
    private let random: () -> UInt64
    private var connection: HTTPClientConnection?
    /// Connections that finish what they have; the deadlines of that bound their number in time.
    private var draining: [HTTPClientConnection] = []
    private static let mostDraining = 4
    private var waiting: [HTTPClientCall] = []
    private var waitingBytes = 0
    private var backoff: Backoff
    private var nextConnect: MonotonicTime
    private var connectTimer: Timer?
    private var attempts = 0
    /// What the last attempt to connect ran into; nil once a connection stands.
    private var lastFailure: HTTPClientError.Reason?
    private var isClosed = false

    /// `random` gives 64 uniform bits for the jitter of reconnects.
    package init(
        loop: EventLoop, endpoint: HTTPEndpoint, options: HTTPClientOptions = HTTPClientOptions(),
        random: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.loop = loop
        self.endpoint = endpoint
        self.options = options
        self.random = random
        backoff = options.backoff
        nextConnect = loop.now()
    }

    deinit { close() }

    /// Requests that have no answer yet.
    package var inFlight: Int {
        waiting.count + (connection?.count ?? 0) + draining.reduce(0) { $0 + $1.count }
    }

    /// Bytes of the bodies that wait for a stream.
    package var queuedBytes: Int { waitingBytes }

    /// A connection stands and its server has proved to speak HTTP/2.
    package var isConnected: Bool { connection?.isProven ?? false }

    package func send(
        _ request: HTTPClientRequest, deadline: Duration,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        begin(HTTPClientCall(request, done), deadline: deadline)
    }

    /// The same for an answer that goes on: `onBytes` is given the body of a 2xx as it comes, `done` the rest when the server has
    /// ended it. The deadline is for the beginning of the answer. Whoever has enough closes the client.
    package func stream(
        _ request: HTTPClientRequest, deadline: Duration, onBytes: @escaping ([UInt8]) -> Void,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        begin(HTTPClientCall(request, onBytes: onBytes, done), deadline: deadline)
    }

    private func begin(_ call: HTTPClientCall, deadline: Duration) {
        let request = call.request
        guard !isClosed else { return failSoon([call], .closed) }
        let isRoom =
            waiting.count < options.maxWaitingRequests && request.body.count <= options.maxWaitingBytes - waitingBytes
        guard isRoom else { return failSoon([call], .queueFull) }
        call.deadline = loop.schedule(after: deadline) { [weak self, weak call] in
            if let call { self?.expire(call) }
        }
        waiting.append(call)
        waitingBytes += request.body.count
        pump()
    }

    /// Ends the connections and answers everything with `.closed`, before this returns.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        connectTimer?.cancel()
        let connections = (connection.map { [$0] } ?? []) + draining
        let calls = waiting
        (connection, draining, waiting, waitingBytes) = (nil, [], [], 0)
        for connection in connections { connection.close(.closed) }
        for call in calls { call.finish(.failure(failure(.closed))) }
    }

    // MARK: requests

    private func pump() {
        guard !isClosed else { return }
        guard let connection else {
            if !waiting.isEmpty { connectWhenDue() }
            return
        }
        var submitted = false
        while let call = waiting.first, connection.freeStreams > 0 {
            guard connection.submit(call) else {
                retire(connection)
                return pump()
            }
            waiting.removeFirst()
            waitingBytes -= call.request.body.count
            submitted = true
        }
        if submitted { connection.flushAtEndOfRound() }
    }

    private func expire(_ call: HTTPClientCall) {
        if let index = waiting.firstIndex(where: { $0 === call }) {
            waiting.remove(at: index)
            waitingBytes -= call.request.body.count
            let detail = lastFailure.map { failure($0).description }
            return call.finish(
                .failure(
                    HTTPClientError(
                        .deadlineExceeded, endpoint: endpoint.authority, mayHaveBeenProcessed: false, detail: detail)))
        }
        let error = HTTPClientError(
            .deadlineExceeded, endpoint: endpoint.authority, mayHaveBeenProcessed: call.wasSent)
        call.connection?.cancel(call)
        call.finish(.failure(error))
    }

    private func failure(_ reason: HTTPClientError.Reason) -> HTTPClientError {
        HTTPClientError(reason, endpoint: endpoint.authority, mayHaveBeenProcessed: false)
    }

    private func failSoon(_ calls: [HTTPClientCall], _ reason: HTTPClientError.Reason) {
        let error = failure(reason)
        loop.atEndOfRound { for call in calls { call.finish(.failure(error)) } }
    }

    // MARK: connections

    private func connectWhenDue() {
        guard connection == nil, connectTimer == nil else { return }
        let now = loop.now()
        // After a failure never from here: one that comes back at once would recurse.
        guard nextConnect > now || lastFailure != nil else { return connect() }
        connectTimer = loop.schedule(after: nextConnect - now) { [weak self] in
            guard let self else { return }
            connectTimer = nil
            if connection == nil, !waiting.isEmpty { connect() }
        }
    }

    private func connect() {
        let address = endpoint.addresses[attempts % endpoint.addresses.count]
        attempts += 1
        do throws(HTTPClientError) {
            let made = try HTTPClientConnection(
                to: address, of: endpoint, options: options, loop: loop, client: self)
            connection = made
            made.start()
        } catch {
            lost(error.reason)
        }
    }

    /// Notes a connection that failed or ended, and plans the next one if it is needed.
    private func lost(_ reason: HTTPClientError.Reason) {
        lastFailure = reason
        nextConnect = loop.now() + backoff.next(random: random())
        if options.failsWhenConnectFails {
            let calls = waiting
            (waiting, waitingBytes) = ([], 0)
            failSoon(calls, reason)
        } else if !waiting.isEmpty {
            connectWhenDue()
        }
    }

    /// Lets `connection` finish what it has, and makes the next request open another.
    private func retire(_ connection: HTTPClientConnection) {
        guard self.connection === connection else { return }
        self.connection = nil
        // A server that says GOAWAY at once is not asked again at once.
        nextConnect = loop.now() + backoff.next(random: random())
        draining.append(connection)
        if draining.count > Self.mostDraining {
            let oldest = draining.removeFirst()
            oldest.close(.connectionLost("server is going away"))
        }
    }

    // MARK: what connections tell

    func opened(_ connection: HTTPClientConnection) { pump() }

    /// Called from within a callback of nghttp2: only notes.
    func proved(_ connection: HTTPClientConnection) {
        backoff.reset()
        lastFailure = nil
    }

    /// Streams have ended, or the server is going away.
    func freed(_ connection: HTTPClientConnection) {
        if connection.isDraining { retire(connection) }
        pump()
    }

    /// `reason` is nil for a connection that ended in order.
    func closed(_ connection: HTTPClientConnection, _ reason: HTTPClientError.Reason?) {
        draining.removeAll { $0 === connection }
        guard self.connection === connection else { return }
        self.connection = nil
        guard !isClosed else { return }
        lost(reason ?? .connectionLost("server closed it"))
    }
}
