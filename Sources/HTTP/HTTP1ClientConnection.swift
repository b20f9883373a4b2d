import EventLoop
import Glibc
import TLS

/// One HTTP/1.1 connection of a client: socket, TLS, and at most one request at a time.
///
/// The client learns of every change from the end of the function that made it, never in the middle, so it may close or reuse the
/// connection from there.
final class HTTP1ClientConnection {
    private enum Stage { case connecting, handshaking, open, closed }

    private static let readLength = 64 << 10
    /// Of a body at once where it has to be encrypted.
    private static let pieceLength = 64 << 10

    private let loop: EventLoop
    private let endpoint: HTTPEndpoint
    private let options: HTTPClientOptions
    /// Nil while the client's own `deinit` closes its connections.
    private weak var client: HTTP1Client?
    private let address: SocketAddress
    private let fd: Int32
    private var watch: Watch?
    private let tls: TLSSession?
    private var stage = Stage.connecting

    private(set) var call: HTTP1ClientCall?
    private var parser: HTTP1ResponseParser?
    private var responseBody: [UInt8] = []
    private var share: BudgetShare?
    /// What came and was not read yet.
    private var input: [UInt8] = []
    private var inputUsed = 0
    /// What goes out before the next part of the request's body.
    private var wire: [UInt8] = []
    private var wireSent = 0
    private var bodySent = 0

    private var connectTimer: Timer?
    private var idleTimer: Timer?
    /// A response has come over it: the server is there and speaks HTTP/1.1.
    private(set) var isProven = false

    init(
        to address: SocketAddress, of endpoint: HTTPEndpoint, options: HTTPClientOptions, loop: EventLoop,
        client: HTTP1Client
    ) throws(HTTPClientError) {
        self.loop = loop
        self.endpoint = endpoint
        self.options = options
        self.client = client
        self.address = address
        do throws(TLSError) {
            tls = try endpoint.tls?.makeSession(host: endpoint.serverName, protocols: ["http/1.1"])
        } catch {
            throw HTTPClientError(.tls(error), endpoint: endpoint.authority, mayHaveBeenProcessed: false)
        }
        do throws(SystemError) {
            fd = try Socket.connect(address)
        } catch {
            throw HTTPClientError(
                .cannotConnect("\(address): \(error.reason)"), endpoint: endpoint.authority, mayHaveBeenProcessed: false
            )
        }
    }

    deinit {
        watch?.cancel()
        if stage != .closed { Glibc.close(fd) }
    }

    /// To be called once, after the client has noted the connection as its own.
    func start() {
        do throws(SystemError) {
            watch = try loop.watch(fd, .write) { [weak self] in self?.handle($0) }
        } catch {
            return fail(.cannotConnect("\(error)"))
        }
        connectTimer = loop.schedule(after: options.connectTimeout) { [weak self] in self?.fail(.connectTimedOut) }
    }

    var isConnecting: Bool { stage == .connecting || stage == .handshaking }
    var isFree: Bool { stage == .open && call == nil }

    /// Sends `call`; to be called only while the connection is free. Its failure comes later, not from here.
    func submit(_ call: HTTP1ClientCall) {
        precondition(isFree, "one request at a time")
        idleTimer?.cancel()
        idleTimer = nil
        self.call = call
        call.connection = self
        parser = HTTP1ResponseParser(
            method: call.request.method, maxHeaderBytes: options.maxResponseHeaderBytes,
            maxBodyBytes: options.maxResponseBytes)
        (responseBody, bodySent) = ([], 0)
        share = share ?? options.responseMemory.map { BudgetShare(of: $0) }
        let head = call.request.http1Head(authority: endpoint.authority)
        if let tls {
            do throws(TLSError) { try tls.send(head.span, into: &wire) } catch { return failLater(.tls(error)) }
        } else {
            wire.append(contentsOf: head)
        }
        flush()
    }

    /// Ends the connection, and the call on it with `reason`.
    func close(_ reason: HTTPClientError.Reason) {
        if stage == .open, let tls {
            tls.close()
            tls.takeOutput(into: &wire)
            writeWire()
        }
        fail(reason)
    }

    // MARK: events of the socket

    private func handle(_ readiness: Readiness) {
        if stage == .connecting {
            guard readiness.writable else { return }
            if let code = Socket.connectError(fd) {
                return fail(.cannotConnect("\(address): \(String(cString: strerror(code)))"))
            }
            stage = .handshaking
            if tls == nil { opened() }
        }
        if readiness.readable { receive() }
        flush()
    }

    private func opened() {
        stage = .open
        connectTimer?.cancel()
        becomeIdle()
    }

    private func receive() {
        let room = input.count
        var count = 0
        var code: Int32 = 0
        input.append(contentsOf: repeatElement(0, count: Self.readLength))
        input.withUnsafeMutableBytes { bytes in
            // Never empty: it was just made longer.
            count = read(fd, bytes.baseAddress! + room, Self.readLength)
            code = errno
        }
        input.removeLast(Self.readLength - max(0, count))
        guard count > 0 else {
            if count == 0 { return receivedEnd() }
            if code != EAGAIN && code != EINTR { fail(.connectionLost(String(cString: strerror(code)))) }
            return
        }
        if let tls {
            // Only what was just read is ciphertext; what lies before it is plaintext that waits.
            var plaintext: [UInt8] = []
            let cipher = Array(input[room...])
            input.removeLast(count)
            do throws(TLSError) {
                try tls.receive(cipher.span, plaintext: &plaintext)
            } catch {
                tls.takeOutput(into: &wire)
                writeWire()
                return fail(.tls(error))
            }
            input.append(contentsOf: plaintext)
            if stage == .handshaking, tls.isHandshakeComplete { opened() }
        }
        parse()
    }

    private func receivedEnd() {
        guard stage == .open else { return fail(.cannotConnect("server closed it")) }
        var how = "server closed it"
        if let tls {
            do throws(TLSError) { try tls.transportEnded() } catch { return fail(.connectionLost("\(error)")) }
        }
        if let parser, parser.mayEndHere { return complete(isReusable: false) }
        if call == nil { how = "server closed an idle connection" }
        fail(.connectionLost(how))
    }

    private func parse() {
        guard stage == .open else { return }
        guard parser != nil else {
            if inputUsed < input.count { fail(.connectionLost("server said something unasked")) }
            return
        }
        do throws(HTTP1Parser.Failure) {
            while let event = try parser?.next(input, &inputUsed) {
                switch event {
                case .needsMore:
                    input.removeFirst(inputUsed)
                    inputUsed = 0
                    return
                case .body(let range):
                    guard range.count <= options.maxResponseBytes - responseBody.count else {
                        return fail(.responseTooLarge(limit: options.maxResponseBytes))
                    }
                    guard share?.grow(by: range.count) ?? true else {
                        return fail(.responseTooLarge(limit: responseBody.count))
                    }
                    responseBody.append(contentsOf: input[range])
                case .end(let isReusable):
                    return complete(isReusable: isReusable)
                }
            }
        } catch {
            switch error.status {
            case 413: fail(.responseTooLarge(limit: options.maxResponseBytes))
            case 431: fail(.responseTooLarge(limit: options.maxResponseHeaderBytes))
            default: fail(.notHTTP1(error.reason))
            }
        }
    }

    private func complete(isReusable: Bool) {
        guard let call, let parser else { return }
        let response = HTTPClientResponse(status: parser.status, headers: parser.headers, body: responseBody)
        isProven = true
        // A server that has answered without the rest of the body is not sent it, and the connection is in between requests.
        let isWhole = wire.isEmpty && bodySent == call.request.body.count
        let isClean = inputUsed == input.count
        (self.call, self.parser, responseBody, input, inputUsed) = (nil, nil, [], [], 0)
        call.connection = nil
        call.forgetBody()
        client?.proved()
        if isReusable && isWhole && isClean {
            becomeIdle()
        } else {
            end()
            client?.closed(self, nil)
        }
        call.finish(.success(response))
        share?.giveBack()
    }

    /// Offers the connection to the client. At the end of the round, so that an answer is given before the next request goes.
    private func becomeIdle() {
        idleTimer = loop.schedule(after: options.maxIdle) { [weak self] in
            guard let self, isFree else { return }
            close(.connectionLost("it was idle"))
        }
        loop.atEndOfRound { [weak self] in
            guard let self, isFree else { return }
            client?.freed(self)
        }
    }

    // MARK: sending

    private func flush() {
        guard stage == .open || stage == .handshaking else { return }
        while writeOnce() {}
        guard stage != .closed else { return }
        watch?.update(hasOutput ? [.read, .write] : .read)
    }

    private var hasOutput: Bool {
        wireSent < wire.count || stage == .open && bodySent < (call?.request.body.count ?? 0)
    }

    /// True when something went out and there may be more.
    private func writeOnce() -> Bool {
        if wire.isEmpty { tls?.takeOutput(into: &wire) }
        if !wire.isEmpty { return writeWire() }
        guard stage == .open, let call, bodySent < call.request.body.count else { return false }
        guard let tls else {
            let count = write(call.request.body, from: bodySent)
            bodySent += count
            return count > 0
        }
        let body = call.request.body
        let end = min(body.count, bodySent + Self.pieceLength)
        do throws(TLSError) {
            try tls.send(body.span.extracting(bodySent..<end), into: &wire)
        } catch {
            failLater(.tls(error))
            return false
        }
        bodySent = end
        return true
    }

    /// True when all of it went out.
    @discardableResult
    private func writeWire() -> Bool {
        guard wireSent < wire.count else { return false }
        wireSent += write(wire, from: wireSent)
        guard wireSent == wire.count else { return false }
        wire.removeAll(keepingCapacity: true)
        wireSent = 0
        return true
    }

    /// How many bytes the socket took.
    private func write(_ bytes: [UInt8], from start: Int) -> Int {
        let count = bytes.withUnsafeBytes { bytes in
            // Not empty, as `start` lies before its end.
            Glibc.send(fd, bytes.baseAddress! + start, bytes.count - start, Int32(MSG_NOSIGNAL))
        }
        let code = errno
        guard count >= 0 else {
            // A server may answer and close before it has taken everything; what it said is read first.
            if code != EAGAIN && code != EINTR { failLater(.connectionLost(String(cString: strerror(code)))) }
            return 0
        }
        call?.wasSent = true
        return count
    }

    /// `flush` may run within the client's `send`, whose caller expects no answer before it returns.
    private func failLater(_ reason: HTTPClientError.Reason) {
        loop.atEndOfRound { [weak self] in
            guard let self, stage != .closed else { return }
            if stage == .open { receive() }
            fail(reason)
        }
    }

    // MARK: the end

    private func end() {
        stage = .closed
        responseBody = []
        share?.giveBack()
        watch?.cancel()
        Glibc.close(fd)
        connectTimer?.cancel()
        idleTimer?.cancel()
    }

    /// Ends the connection and answers the call on it, once.
    private func fail(_ reason: HTTPClientError.Reason) {
        guard stage != .closed else { return }
        end()
        let call = self.call
        self.call = nil
        call?.connection = nil
        client?.closed(self, reason)
        call?.finish(
            .failure(
                HTTPClientError(reason, endpoint: endpoint.authority, mayHaveBeenProcessed: call?.wasSent ?? false)))
    }
}
