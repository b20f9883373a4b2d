import CNghttp2
import EventLoop
import Glibc
import TLS

/// One HTTP/2 connection of a client: socket, TLS, nghttp2 session and the calls that are streams on it.
///
/// nghttp2's callbacks only record; results are handed out after the library has returned, so that whoever gets one may send
/// or close. The session is freed outside callbacks alone, and the calls that were on it are answered then, as nghttp2
/// does not report them.
final class HTTPClientConnection {
    private enum Stage { case connecting, handshaking, open, closed }

    private static let readLength = 256 << 10
    /// Once so much waits for the socket, nghttp2 is asked for no more.
    private static let outputHighWater = 256 << 10

    private let loop: EventLoop
    private let endpoint: HTTPEndpoint
    private let options: HTTPClientOptions
    /// Nil while the client's own `deinit` closes its connections.
    private weak var client: HTTPClient?
    private let address: SocketAddress
    private let fd: Int32
    private var watch: Watch?
    private let tls: TLSSession?
    private var session: OpaquePointer?
    private var stage = Stage.connecting
    private var calls: [Int32: HTTPClientCall] = [:]
    /// Calls whose stream has ended, to be answered when nghttp2 has returned.
    private var ended: [(HTTPClientCall, code: UInt32)] = []
    /// Calls of which something is to be handed out then.
    private var arrived: [HTTPClientCall] = []

    private let readBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: readLength)
    private var plaintext: [UInt8] = []
    /// Frames that nghttp2 gave, then what is going to the socket; swapped where there is no TLS.
    private var output: [UInt8] = []
    private var wire: [UInt8] = []
    private var wireSent = 0

    private var connectTimer: Timer?
    private var keepAliveTimer: Timer?
    private var lastReceived: MonotonicTime
    /// The server's SETTINGS came: it is there and speaks HTTP/2.
    private(set) var isProven = false
    /// No new request goes here.
    private(set) var isDraining = false
    private var hasToldDraining = false
    private var isHandling = false
    private var isFlushPlanned = false
    var protocolError: String?

    init(
        to address: SocketAddress, of endpoint: HTTPEndpoint, options: HTTPClientOptions, loop: EventLoop,
        client: HTTPClient
    ) throws(HTTPClientError) {
        self.loop = loop
        self.endpoint = endpoint
        self.options = options
        self.client = client
        self.address = address
        lastReceived = loop.now()
        do throws(TLSError) {
            tls = try endpoint.tls?.makeSession(host: endpoint.serverName, protocols: ["h2"])
        } catch {
            readBuffer.deallocate()
            throw HTTPClientError(.tls(error), endpoint: endpoint.authority, mayHaveBeenProcessed: false)
        }
        do throws(SystemError) {
            fd = try Socket.connect(address)
        } catch {
            readBuffer.deallocate()
            throw HTTPClientError(
                .cannotConnect("\(address): \(error.reason)"), endpoint: endpoint.authority, mayHaveBeenProcessed: false
            )
        }
    }

    deinit {
        watch?.cancel()
        if let session { nghttp2_session_del(session) }
        readBuffer.deallocate()
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

    var isOpen: Bool { stage == .open }
    var count: Int { calls.count }

    /// Streams that may be opened now.
    var freeStreams: Int {
        guard stage == .open, !isDraining, let session else { return 0 }
        let allowed = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return max(0, min(options.maxConcurrentStreams, Int(allowed)) - calls.count)
    }

    /// Makes `call` a stream; false when this connection takes no more. `flushAtEndOfRound` sends it.
    func submit(_ call: HTTPClientCall) -> Bool {
        guard let session, !isDraining else { return false }
        let streamID = HTTPClientSession.submit(call, on: session, to: endpoint)
        guard streamID > 0 else {
            isDraining = true
            return false
        }
        call.streamID = streamID
        call.connection = self
        calls[streamID] = call
        return true
    }

    /// Resets the stream of a call that was answered otherwise, such as by its deadline.
    func cancel(_ call: HTTPClientCall) {
        guard let session, calls[call.streamID] === call else { return }
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), call.streamID, NGHTTP2_CANCEL.rawValue)
        flushAtEndOfRound()
    }

    /// Says farewell as far as the socket takes it at once, and answers all calls with `reason`.
    func close(_ reason: HTTPClientError.Reason) {
        if stage == .open, let session {
            nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR.rawValue)
            flush()
            if stage == .open {
                tls?.close()
                flush()
            }
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
            if tls == nil { open() }
        }
        isHandling = true
        if readiness.readable { receive() }
        isHandling = false
        flush()
        deliver()
    }

    private func open() {
        stage = .open
        session = HTTPClientSession.make(owner: self, options: options)
        lastReceived = loop.now()
        scheduleKeepAlive(after: options.keepAliveIdle)
        client?.opened(self)
    }

    private func receive() {
        let count = read(fd, readBuffer, Self.readLength)
        let code = errno
        guard count > 0 else {
            if count == 0 { return receivedEnd() }
            if code != EAGAIN && code != EINTR { fail(.connectionLost(String(cString: strerror(code)))) }
            return
        }
        lastReceived = loop.now()
        let bytes = UnsafeBufferPointer(start: readBuffer, count: count)
        guard let tls else { return feed(bytes) }
        plaintext.removeAll(keepingCapacity: true)
        do throws(TLSError) {
            try tls.receive(bytes.span, plaintext: &plaintext)
        } catch {
            // The alert that tells the peer, if the socket takes it at once.
            tls.takeOutput(into: &wire)
            writeWire()
            return fail(.tls(error))
        }
        if stage == .handshaking, tls.isHandshakeComplete {
            guard tls.negotiatedProtocol == "h2" else {
                return fail(.notHTTP2("ALPN chose \(tls.negotiatedProtocol ?? "nothing")"))
            }
            open()
        }
        plaintext.withUnsafeBufferPointer { feed($0) }
    }

    private func receivedEnd() {
        var how = "server closed it"
        if stage == .open, let tls {
            do throws(TLSError) { try tls.transportEnded() } catch { how = "\(error)" }
        }
        fail(stage == .open ? .connectionLost(how) : .cannotConnect(how))
    }

    private func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let session, !bytes.isEmpty else { return }
        protocolError = nil
        let result = nghttp2_session_mem_recv(session, bytes.baseAddress, bytes.count)
        if result < 0 {
            protocolError = String(cString: nghttp2_strerror(Int32(result)))
            fail(reasonOfEnd)
        }
    }

    // MARK: sending

    /// Has the frames of all requests that one round of the loop brings go out in one write.
    func flushAtEndOfRound() {
        guard !isFlushPlanned else { return }
        isFlushPlanned = true
        loop.atEndOfRound { [weak self] in
            guard let self else { return }
            isFlushPlanned = false
            flush()
            deliver()
        }
    }

    /// Sends what nghttp2 and TLS have, in as few writes as the socket allows.
    func flush() {
        guard !isHandling, stage == .open || stage == .handshaking else { return }
        while writeOnce() {}
        guard stage != .closed else { return }
        watch?.update(wireSent < wire.count ? [.read, .write] : .read)
        guard let session, wire.isEmpty, nghttp2_session_want_read(session) == 0,
            nghttp2_session_want_write(session) == 0
        else { return }
        // After GOAWAY and the last stream, or after our own GOAWAY to a server that broke the protocol. Not from here, as
        // `flush` is called while others iterate.
        failLater(reasonOfEnd)
    }

    /// Why nghttp2 has nothing more to do.
    private var reasonOfEnd: HTTPClientError.Reason {
        if isDraining { return .connectionLost("server is going away") }
        let what = protocolError ?? "protocol error"
        return isProven ? .connectionLost("server broke the protocol: \(what)") : .notHTTP2(what)
    }

    /// True when everything that was gathered went out and there may be more.
    @discardableResult
    private func writeOnce() -> Bool {
        if wireSent == wire.count { gather() }
        guard !wire.isEmpty else { return false }
        return writeWire()
    }

    private func gather() {
        wire.removeAll(keepingCapacity: true)
        wireSent = 0
        if let session {
            while output.count < Self.outputHighWater {
                var bytes: UnsafePointer<UInt8>?
                let count = nghttp2_session_mem_send(session, &bytes)
                guard count > 0 else {
                    // Only a want of memory or a callback of ours could say no, and ours do not.
                    if count < 0 { protocolError = String(cString: nghttp2_strerror(Int32(count))) }
                    break
                }
                output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
            }
        }
        guard let tls else { return swap(&wire, &output) }
        // Handshake messages; then frames, which there are only when it is complete.
        tls.takeOutput(into: &wire)
        if !output.isEmpty {
            do throws(TLSError) { try tls.send(output.span, into: &wire) } catch { failLater(.tls(error)) }
            output.removeAll(keepingCapacity: true)
        }
    }

    @discardableResult
    private func writeWire() -> Bool {
        guard wireSent < wire.count else { return false }
        let count = wire.withUnsafeBytes { wire in
            Glibc.send(fd, wire.baseAddress! + wireSent, wire.count - wireSent, Int32(MSG_NOSIGNAL))
        }
        let code = errno
        guard count >= 0 else {
            if code != EAGAIN && code != EINTR { failLater(.connectionLost(String(cString: strerror(code)))) }
            return false
        }
        wireSent += count
        guard wireSent == wire.count else { return false }
        wire.removeAll(keepingCapacity: true)
        wireSent = 0
        return true
    }

    /// `flush` may run within the client's `send`, whose caller expects no answer before it returns.
    private func failLater(_ reason: HTTPClientError.Reason) {
        watch?.update(.nothing)
        loop.atEndOfRound { [weak self] in self?.fail(reason) }
    }

    // MARK: the end

    /// Ends the connection and answers every call on it, once.
    private func fail(_ reason: HTTPClientError.Reason) {
        guard stage != .closed else { return }
        let wasDraining = isDraining
        stage = .closed
        watch?.cancel()
        Glibc.close(fd)
        connectTimer?.cancel()
        keepAliveTimer?.cancel()
        if let session { nghttp2_session_del(session) }
        session = nil
        deliver()
        let left = calls.values.sorted { $0.streamID < $1.streamID }
        calls = [:]
        client?.closed(self, wasDraining && left.isEmpty ? nil : reason)
        for call in left { call.finish(.failure(error(reason, call))) }
    }

    private func error(_ reason: HTTPClientError.Reason, _ call: HTTPClientCall) -> HTTPClientError {
        HTTPClientError(reason, endpoint: endpoint.authority, mayHaveBeenProcessed: call.wasSent && reason != .refused)
    }

    /// Answers the calls whose streams have ended, then lets the client fill their places.
    private func deliver() {
        let arrived = self.arrived
        self.arrived = []
        for call in arrived { call.handOut() }
        guard !ended.isEmpty || isDraining != hasToldDraining else { return }
        hasToldDraining = isDraining
        let ended = self.ended
        self.ended = []
        for (call, code) in ended where call.isOpen {
            call.forgetSentBody()
            if call.isComplete && call.failure == nil {
                call.finish(.success(call.response))
            } else if let failure = call.failure {
                call.finish(.failure(error(failure, call)))
            } else if code == NGHTTP2_REFUSED_STREAM.rawValue {
                call.finish(.failure(error(.refused, call)))
            } else {
                call.finish(.failure(error(.reset(code: code), call)))
            }
        }
        client?.freed(self)
    }

    // MARK: keep-alive

    private func scheduleKeepAlive(after delay: Duration) {
        keepAliveTimer = loop.schedule(after: delay) { [weak self] in self?.keepAlive() }
    }

    private func keepAlive() {
        guard stage == .open, let session else { return }
        let idle = loop.now() - lastReceived
        guard idle >= options.keepAliveIdle else { return scheduleKeepAlive(after: options.keepAliveIdle - idle) }
        nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        flush()
        if calls.isEmpty && wire.isEmpty && output.isEmpty {
            // A connection that is only kept warm keeps no memory for bodies.
            (wire, output, plaintext) = ([], [], [])
        }
        let sentAt = loop.now()
        keepAliveTimer = loop.schedule(after: options.keepAliveTimeout) { [weak self] in
            guard let self, stage == .open else { return }
            if lastReceived < sentAt { return fail(.connectionLost("server does not answer to PING")) }
            scheduleKeepAlive(after: options.keepAliveIdle)
        }
    }

    // MARK: what nghttp2's callbacks record

    func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let head = frame.pointee.hd
        switch UInt32(head.type) {
        case NGHTTP2_SETTINGS.rawValue where UInt32(head.flags) & NGHTTP2_FLAG_ACK.rawValue == 0 && !isProven:
            isProven = true
            connectTimer?.cancel()
            client?.proved(self)
        case NGHTTP2_GOAWAY.rawValue:
            isDraining = true
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            guard let call = calls[head.stream_id] else { return }
            call.endOfFields()
            guard UInt32(head.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 else { return }
            call.isComplete = true
            ended.append((call, code: NGHTTP2_NO_ERROR.rawValue))
            if call.bodySent < call.request.body.count, let session {
                // The server has answered without the rest of the body, so it is not sent.
                nghttp2_submit_rst_stream(
                    session, UInt8(NGHTTP2_FLAG_NONE.rawValue), head.stream_id, NGHTTP2_CANCEL.rawValue)
            }
        default: break
        }
    }

    func sentHead(of streamID: Int32) { calls[streamID]?.wasSent = true }

    func received(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, of streamID: Int32) {
        guard let call = calls[streamID], call.failure == nil else { return }
        let limit = options.maxResponseHeaderBytes
        if !call.addField(name, value, limit: limit) { refuse(call, .responseTooLarge(limit: limit)) }
    }

    func received(_ bytes: UnsafeBufferPointer<UInt8>, of streamID: Int32) {
        guard let call = calls[streamID], call.failure == nil, call.isOpen else { return }
        let limit = options.maxResponseBytes
        if !call.hasArrived, call.isStreamed { arrived.append(call) }
        if !call.addBody(bytes, limit: limit) { refuse(call, .responseTooLarge(limit: limit)) }
    }

    private func refuse(_ call: HTTPClientCall, _ reason: HTTPClientError.Reason) {
        call.failure = reason
        guard let session else { return }
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), call.streamID, NGHTTP2_CANCEL.rawValue)
    }

    func closed(_ streamID: Int32, code: UInt32) {
        guard let call = calls.removeValue(forKey: streamID) else { return }
        ended.append((call, code))
    }

    func appendData(of call: HTTPClientCall, head: UnsafePointer<UInt8>, count: Int) -> Int32 {
        guard output.count < Self.outputHighWater else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        output.append(contentsOf: UnsafeBufferPointer(start: head, count: 9))  // RFC 9113, 4.1: a frame's header
        call.request.body.withUnsafeBufferPointer { body in
            output.append(contentsOf: body[call.bodySent..<call.bodySent + count])
        }
        call.bodySent += count
        return 0
    }
}
