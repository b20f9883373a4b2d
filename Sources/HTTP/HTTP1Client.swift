package import EventLoop

/// Sends requests over a few HTTP/1.1 connections that are kept alive, each with one request at a time. It opens them as requests
/// need them. Lives on one loop, hence not `Sendable`.
///
/// Used like `HTTPClient`: every request is answered exactly once and never within `send`, with a response of whatever status
/// or with an error that says whether the server may have processed it. The client itself never repeats a request.
package final class HTTP1Client {
    package let endpoint: HTTPEndpoint
    private let options: HTTPClientOptions
    private let loop: EventLoop
    private let random: () -> UInt64
    private var connections: [HTTP1ClientConnection] = []
    private var waiting: [HTTP1ClientCall] = []
    private var waitingBytes = 0
    private var backoff: Backoff
    private var nextConnect: MonotonicTime
    private var connectTimer: Timer?
    private var attempts = 0
    /// What the last attempt to connect ran into; nil once a response has come.
    private var lastFailure: HTTPClientError.Reason?
    private var isClosed = false

    /// `random` gives 64 uniform bits for the jitter of reconnects.
    package init(
        loop: EventLoop, endpoint: HTTPEndpoint, options: HTTPClientOptions = HTTPClientOptions(),
        random: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        precondition(options.maxConnections > 0, "a client needs a connection")
        self.loop = loop
        self.endpoint = endpoint
        self.options = options
        self.random = random
        backoff = options.backoff
        nextConnect = loop.now()
    }

    deinit { close() }

    /// Requests that have no answer yet.
    package var inFlight: Int { waiting.count + connections.count { $0.call != nil } }

    /// Bytes of the bodies that wait for a connection.
    package var queuedBytes: Int { waitingBytes }

    /// A response has come over a connection that stands.
    package var isConnected: Bool { connections.contains { $0.isProven } }

    package func send(
        _ request: HTTPClientRequest, deadline: Duration,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        let call = HTTP1ClientCall(request, done)
        guard !isClosed else { return failSoon([call], .closed) }
        if let fault = request.faultInHead { return failSoon([call], .invalidRequest(fault)) }
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
        let (connections, calls) = (self.connections, waiting)
        (self.connections, waiting, waitingBytes) = ([], [], 0)
        for connection in connections { connection.close(.closed) }
        for call in calls { call.finish(.failure(failure(.closed))) }
    }

    // MARK: requests

    private func pump() {
        guard !isClosed else { return }
        while !waiting.isEmpty, let connection = connections.first(where: { $0.isFree }) {
            let call = waiting.removeFirst()
            waitingBytes -= call.request.body.count
            connection.submit(call)
        }
        // One at a time after a failure, else as many as there are requests for.
        let connecting = connections.count { $0.isConnecting }
        let wanted = lastFailure == nil ? waiting.count : min(1, waiting.count)
        if wanted > connecting, connections.count < options.maxConnections { connectWhenDue() }
    }

    private func expire(_ call: HTTP1ClientCall) {
        if let index = waiting.firstIndex(where: { $0 === call }) {
            waiting.remove(at: index)
            waitingBytes -= call.request.body.count
            let detail = lastFailure.map { failure($0).description }
            return call.finish(
                .failure(
                    HTTPClientError(
                        .deadlineExceeded, endpoint: endpoint.authority, mayHaveBeenProcessed: false, detail: detail)))
        }
        // HTTP/1.1 has no other way to call a request back than to end its connection.
        call.connection?.close(.deadlineExceeded)
    }

    private func failure(_ reason: HTTPClientError.Reason) -> HTTPClientError {
        HTTPClientError(reason, endpoint: endpoint.authority, mayHaveBeenProcessed: false)
    }

    private func failSoon(_ calls: [HTTP1ClientCall], _ reason: HTTPClientError.Reason) {
        let error = failure(reason)
        loop.atEndOfRound { for call in calls { call.finish(.failure(error)) } }
    }

    // MARK: connections

    private func connectWhenDue() {
        guard connectTimer == nil else { return }
        let now = loop.now()
        // After a failure never from here: one that comes back at once would recurse.
        guard nextConnect > now || lastFailure != nil else { return connect() }
        connectTimer = loop.schedule(after: nextConnect - now) { [weak self] in
            guard let self else { return }
            connectTimer = nil
            if !waiting.isEmpty, connections.count < options.maxConnections { connect() }
        }
    }

    private func connect() {
        let address = endpoint.addresses[attempts % endpoint.addresses.count]
        attempts += 1
        do throws(HTTPClientError) {
            let made = try HTTP1ClientConnection(
                to: address, of: endpoint, options: options, loop: loop, client: self)
            connections.append(made)
            made.start()
        } catch {
            lost(error.reason)
            return
        }
        // More requests may want more connections.
        pump()
    }

    /// Notes a connection that failed, and plans the next one if it is needed.
    private func lost(_ reason: HTTPClientError.Reason) {
        lastFailure = reason
        nextConnect = loop.now() + backoff.next(random: random())
        if options.failsWhenConnectFails, !connections.contains(where: { $0.call != nil }) {
            let calls = waiting
            (waiting, waitingBytes) = ([], 0)
            failSoon(calls, reason)
        } else if !waiting.isEmpty {
            connectWhenDue()
        }
    }

    // MARK: what connections tell

    func freed(_ connection: HTTP1ClientConnection) { pump() }

    func proved() {
        backoff.reset()
        lastFailure = nil
    }

    /// `reason` is nil for a connection that ended in order.
    func closed(_ connection: HTTP1ClientConnection, _ reason: HTTPClientError.Reason?) {
        connections.removeAll { $0 === connection }
        guard !isClosed else { return }
        // A server that ends connections which have served is well; one that never answered is not asked again at once.
        if connection.isProven || reason == nil || reason == .deadlineExceeded {
            pump()
        } else if let reason {
            lost(reason)
        }
    }
}
