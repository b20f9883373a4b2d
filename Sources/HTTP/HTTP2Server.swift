import CNghttp2
import EventLoop
import Synchronization
import Glibc

/// The server's side of one HTTP/2 connection, over nghttp2. Lives on the server's loop.
///
/// nghttp2 calls back with a pointer to this object, which frees the session in `deinit` and so outlives it. A callback
/// records what came and returns; what is to be sent is collected later by `produce`.
final class HTTP2Server: ServerProtocol {
    private unowned let connection: ServerConnection
    private let server: HTTPServer
    private var session: OpaquePointer?
    private var streams: [Int32: HTTP2Stream] = [:]
    private var guardian: FloodGuard
    private var lastActivity: MonotonicTime
    private var isDraining = false
    private var isBroken = false
    /// Told to go: nothing more of it is read.
    private var isTerminated = false
    /// Whole requests that wait until the peer has taken more of the answers before them.
    private var deferred: [HTTP2Stream] = []

    init(connection: ServerConnection) {
        self.connection = connection
        server = connection.server
        guardian = FloodGuard(limits: server.limits)
        lastActivity = server.loop.now()
        let userData = Unmanaged.passUnretained(self).toOpaque()
        nghttp2_session_server_new2(
            &session, HTTP2ServerCallbacks.shared.pointer, userData, HTTP2ServerCallbacks.options)
        submitSettings()
    }

    deinit {
        nghttp2_session_del(session)
    }

    private func submitSettings() {
        let limits = server.limits
        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: limits.maxConcurrentStreams
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: limits.streamWindow),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(limits.maxHeaderBytes)
            ),
        ]
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
        nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindow))
    }

    // MARK: ServerProtocol

    func receive(_ bytes: Span<UInt8>) {
        guard !isTerminated else { return }
        lastActivity = server.loop.now()
        guardian.now = lastActivity
        // In pieces, so that a flood is noticed before a full read buffer of it has been worked through.
        var rest = bytes
        while !rest.isEmpty, !isTerminated {
            receivePiece(rest.extracting(first: Self.pieceBytes))
            rest = rest.extracting(droppingFirst: Self.pieceBytes)
        }
    }

    private static let pieceBytes = 16 << 10

    private func receivePiece(_ bytes: Span<UInt8>) {
        let result = bytes.withUnsafeBufferPointer { nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) }
        if let flood = guardian.exceeded ?? (result == NGHTTP2_ERR_FLOODED.rawValue ? guardian.latestFlood : nil) {
            terminate(flood, NGHTTP2_ENHANCE_YOUR_CALM)
        } else if result < 0 {
            // nghttp2 has queued a GOAWAY where there is still one to send.
            server.counters.refuse(.protocolError)
            (isBroken, isTerminated) = (true, true)
            connection.cutOff()
        }
    }

    func produce(into output: inout [UInt8], limit: Int) {
        while output.count < limit {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0, let bytes else {
                if count < 0 { isBroken = true }
                break
            }
            output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        }
        guard !deferred.isEmpty, pendingBytes < server.limits.maxOutputBytes / 2 else { return }
        // Not here, where the connection's output is being appended to.
        server.loop.atEndOfRound { [weak self] in self?.serveDeferred() }
    }

    var wantsInput: Bool { true }

    var isIdle: Bool { streams.isEmpty }

    var awaitsAnswer: Bool { !streams.isEmpty }

    private(set) var pendingBytes = 0

    /// RFC 9113, 9.1: the end of the transport ends all streams.
    var toleratesHalfClose: Bool { false }

    var isFinished: Bool {
        isBroken || (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    }

    func sweep(_ now: MonotonicTime) {
        guard !isTerminated else { return }
        for stream in streams.values where stream.isReceivingBody {
            if stream.isTooSlow(now, server.limits) {
                server.counters.refuse(.bodyTooSlow)
                refuse(stream, 408, HTTPRefusal.tooSlowText)
            } else if server.memory.budget.isTight, now - stream.progressAt > BodyMemory.smallPatience,
                !stream.body.isPaused
            {
                refuseForMemory(stream)
            }
        }
        for stream in streams.values {
            guard let body = stream.bodyStream, let head = stream.head else { continue }
            if !server.stillAuthorizes(head, body, now) { body.end() }
        }
        // Nothing else may come on the connection before a header block is complete.
        if streams.values.contains(where: { $0.isReceivingHeader && now - $0.begun > server.limits.headerTimeout }) {
            terminate(.headerTimeout, NGHTTP2_ENHANCE_YOUR_CALM)
        } else if streams.values.contains(where: { $0.isAnswered && $0.isTooSlow(now, server.limits) }) {
            terminate(.writeStalled, NGHTTP2_ENHANCE_YOUR_CALM)
        } else if streams.isEmpty, now - lastActivity > server.limits.idleTimeout {
            terminate(.idle, NGHTTP2_NO_ERROR)
        }
    }

    func drain() {
        isDraining = true
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
            NGHTTP2_NO_ERROR.rawValue, nil, 0)
        let areAllEndless = !streams.isEmpty && streams.values.allSatisfy { $0.bodyStream != nil }
        for stream in streams.values { endForGood(stream) }
        if areAllEndless {
            connection.cutOff()
        } else if streams.isEmpty {
            connection.closeAfterOutput()
        }
    }

    func connectionClosed() {
        // nghttp2_session_del tells nobody about the streams that were open.
        for stream in streams.values { forget(stream) }
        streams = [:]
    }

    private func terminate(_ reason: HTTPRefusal, _ error: nghttp2_error_code) {
        isTerminated = true
        server.counters.refuse(reason)
        nghttp2_session_terminate_session(session, error.rawValue)
        connection.cutOff()
    }

    // MARK: streams; called from within nghttp2

    func beginHeaders(_ id: Int32) -> Int32 {
        guard streams[id] == nil else { return 0 }  // trailers
        streams[id] = HTTP2Stream(id: id, now: lastActivity)
        return 0
    }

    func header(_ id: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>)
        -> Int32
    {
        guard let stream = streams[id] else { return 0 }
        stream.headerBytes += name.count + value.count + 32
        guard stream.headerBytes <= server.limits.maxHeaderBytes else {
            if !stream.isOversized {
                stream.isOversized = true
                server.counters.refuse(.headerTooLarge)
                guardian.countOversizedHeader()
            }
            // Beyond the second limit the block is not even read: it is a bomb.
            return stream.headerBytes > 4 * server.limits.maxHeaderBytes
                ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue : 0
        }
        // Trailers count and mean nothing to us.
        if stream.isReceivingHeader { stream.addHeader(name, value) }
        return 0
    }

    func headersEnded(_ id: Int32, endOfStream: Bool) {
        guard let stream = streams[id], stream.isReceivingHeader else { return }
        stream.isReceivingHeader = false
        stream.peerHasEnded = endOfStream
        server.counters.http2Requests.add(1, ordering: .relaxed)
        if stream.isOversized {
            refuse(stream, .text(431, "the header is over \(server.limits.maxHeaderBytes) bytes\n"))
            return
        }
        var head = stream.takeHead(peer: connection.peer, isSecure: connection.isSecure)
        stream.head = head
        if let length = head.contentLength, length > server.limits.maxBodyBytes {
            refuseTooLarge(stream)
        } else if !stream.body.holdHead(head, server.memory) {
            server.counters.refuse(.buffersFull)
            refuse(stream, 503, HTTPRefusal.busyText)
        } else if let refusal = server.service.authorize(&head) ?? server.service.admit(head) {
            refuse(stream, refusal)
        } else {
            admitted(stream, head, endOfStream: endOfStream)
        }
    }

    private func admitted(_ stream: HTTP2Stream, _ head: RequestHead, endOfStream: Bool) {
        stream.head = head
        if endOfStream {
            serve(stream)
        } else {
            stream.isReceivingBody = true
            stream.progressAt = lastActivity
            stream.body.expectedBytes = head.contentLength ?? 0
            if head.headers["expect"]?.lowercased() == "100-continue" { submitContinue(stream.id) }
        }
    }

    func data(_ id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        // Only the stream's window is ever kept from the peer: one body that waits must not stop the others.
        nghttp2_session_consume_connection(session, bytes.count)
        guard let stream = streams[id], stream.isReceivingBody else { return }
        keep(bytes, stream)
        if stream.body.isPaused {
            stream.withheldWindow += bytes.count
        } else {
            nghttp2_session_consume_stream(session, id, bytes.count)
        }
    }

    private func keep(_ bytes: UnsafeBufferPointer<UInt8>, _ stream: HTTP2Stream) {
        guard stream.body.count + bytes.count <= server.limits.maxBodyBytes else {
            refuseTooLarge(stream)
            return
        }
        stream.progressAt = lastActivity
        let fits = stream.body.append(bytes, server.memory, now: lastActivity) { share in
            LargeBody(
                share: share, now: lastActivity,
                resume: { [weak self, weak stream] in
                    if let self, let stream { resume(stream) }
                },
                giveUp: { [weak self, weak stream] in
                    if let self, let stream { refuseForMemory(stream) }
                })
        }
        guard fits else {
            refuseForMemory(stream)
            return
        }
        server.counters.bufferedBytes.add(bytes.count, ordering: .relaxed)
        if !stream.body.isPlanned, stream.body.count >= 5 { plan(stream) }
    }

    private func plan(_ stream: HTTP2Stream) {
        guard let head = stream.head else { return }
        stream.body.isPlanned = true
        switch server.service.plan(head, beginning: stream.body.bytes) {
        case .unknown: return
        case .length(let length): stream.body.expectedBytes = min(length, server.limits.maxBodyBytes)
        case .refuse(let response): refuse(stream, response)
        }
    }

    private func resume(_ stream: HTTP2Stream) {
        nghttp2_session_consume_stream(session, stream.id, stream.withheldWindow)
        stream.withheldWindow = 0
        connection.wantsToWrite()
    }

    private func refuseForMemory(_ stream: HTTP2Stream) {
        guard stream.isReceivingBody else { return }
        server.counters.refuse(.buffersFull)
        refuse(stream, 503, HTTPRefusal.busyText)
    }

    func endOfStream(_ id: Int32) {
        guard let stream = streams[id] else { return }
        stream.peerHasEnded = true
        guard stream.isReceivingBody else { return }
        stream.isReceivingBody = false
        serve(stream)
    }

    func streamClosed(_ id: Int32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        forget(stream)
        if isDraining, streams.isEmpty { connection.closeAfterOutput() }
    }

    func frameBegan(type: UInt8, flags: UInt8, length: Int) {
        guardian.countFrame(type: type, flags: flags, length: length)
    }

    /// Called for what nghttp2 answers with a reset or a GOAWAY by itself.
    func invalidFrame(_ id: Int32) {
        if let stream = streams[id] {
            guard !stream.hasProvokedReset else { return }
            stream.hasProvokedReset = true
        }
        guardian.countProvokedReset()
    }

    func frameSent(_ sent: nghttp2_frame) {
        let frame = sent.hd
        let carriesAnswer = frame.type == NGHTTP2_HEADERS.rawValue || frame.type == NGHTTP2_DATA.rawValue
        if carriesAnswer, UInt32(frame.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
            // Not before: nghttp2 drops the frames of a stream that still wait when its reset is submitted.
            streams[frame.stream_id]?.resetAfterAnswer(session)
        }
        if frame.type == NGHTTP2_GOAWAY.rawValue, sent.goaway.error_code != NGHTTP2_NO_ERROR.rawValue, !isTerminated {
            // nghttp2 ends the session by itself, where it finds a flood or the peer breaks the rules.
            isTerminated = true
            let isFlood = sent.goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM.rawValue
            server.counters.refuse(isFlood ? .resetFlood : .protocolError)
            connection.cutOff()
        }
        // A reset without an error is ours, after an early answer; the others are what the peer made us do.
        guard frame.type == NGHTTP2_RST_STREAM.rawValue, sent.rst_stream.error_code != NGHTTP2_NO_ERROR.rawValue,
            let stream = streams[frame.stream_id], !stream.hasProvokedReset
        else { return }
        stream.hasProvokedReset = true
        guardian.countProvokedReset()
        if guardian.exceeded != nil, !isTerminated {
            isTerminated = true
            server.counters.refuse(.resetFlood)
            connection.cutOff()
        }
    }

    private func forget(_ stream: HTTP2Stream) {
        release(stream)
        pendingBytes -= stream.response.count - stream.responseSent
        (stream.response, stream.responseSent) = ([], 0)
        stream.exchange?.detach()
        stream.exchange = nil
        let body = stream.bodyStream
        stream.bodyStream = nil
        body?.close()
    }

    /// Gives back the stream's share of what may be buffered.
    private func release(_ stream: HTTP2Stream) {
        server.counters.bufferedBytes.subtract(stream.body.count, ordering: .relaxed)
        stream.body.drop(server.memory)
    }

    // MARK: answering

    private func serve(_ stream: HTTP2Stream) {
        guard pendingBytes < server.limits.maxOutputBytes else {
            deferred.append(stream)
            return
        }
        guard let head = stream.head else { return }
        server.counters.bufferedBytes.subtract(stream.body.count, ordering: .relaxed)
        let (body, share) = stream.body.take(server.memory)
        let exchange = HTTPExchange(
            head: head, body: body, share: share,
            streamer: { [weak self, weak stream] headers in
                guard let self, let stream else { return nil }
                return goOn(stream, headers)
            },
            responder: { [weak self, weak stream] response in
                guard let self, let stream else { return }
                respond(stream, response)
            })
        stream.exchange = exchange
        server.service.serve(exchange)
    }

    /// Goes on with requests that waited for the peer to take answers.
    private func serveDeferred() {
        while let stream = deferred.first, pendingBytes < server.limits.maxOutputBytes / 2 {
            deferred.removeFirst()
            if streams[stream.id] === stream, !stream.isAnswered { serve(stream) }
        }
    }

    private func refuseTooLarge(_ stream: HTTP2Stream) {
        server.counters.refuse(.bodyTooLarge)
        refuse(stream, 413, HTTPRefusal.tooLargeText(limit: server.limits.maxBodyBytes))
    }

    private func refuse(_ stream: HTTP2Stream, _ status: Int, _ reason: String) {
        guard let head = stream.head else { return }
        refuse(stream, server.service.refusal(head, status: status, reason: reason))
    }

    /// Answers before the whole body came; the rest of it is not wanted.
    private func refuse(_ stream: HTTP2Stream, _ response: HTTPResponse) {
        stream.isReceivingBody = false
        release(stream)
        // What was kept of its window is of no use any more: an early answer asks the peer to stop.
        stream.withheldWindow = 0
        respond(stream, response)
    }

    private func respond(_ stream: HTTP2Stream, _ response: HTTPResponse) {
        guard !stream.isAnswered else { return }
        stream.isAnswered = true
        stream.progressAt = server.loop.now()
        stream.answeredAt = stream.progressAt
        stream.exchange = nil
        let isHead = stream.head?.method == "HEAD"
        stream.response = isHead ? [] : response.body
        pendingBytes += stream.response.count
        stream.trailers = response.trailers
        var block = HeaderBlock()
        block.add(":status", String(response.status))
        for field in response.headers.fields { block.add(field.name, field.value) }
        if response.trailers.isEmpty, response.headers["content-length"] == nil {
            block.add("content-length", String(response.body.count))
        }
        block.withFields { fields, count in
            if stream.response.isEmpty && stream.trailers.isEmpty {
                _ = nghttp2_submit_response(session, stream.id, fields, count, nil)
            } else {
                var provider = nghttp2_data_provider()
                provider.read_callback = HTTP2ServerCallbacks.readBody
                _ = nghttp2_submit_response(session, stream.id, fields, count, &provider)
            }
        }
        connection.wantsToWrite()
    }

    private func goOn(_ stream: HTTP2Stream, _ headers: HTTPHeaders) -> HTTPBodyStream? {
        guard !stream.isAnswered else { return nil }
        stream.isAnswered = true
        stream.exchange = nil
        stream.progressAt = server.loop.now()
        stream.answeredAt = stream.progressAt
        var block = HeaderBlock()
        block.add(":status", "200")
        for field in headers.fields { block.add(field.name, field.value) }
        let isEmpty = stream.head?.method == "HEAD" || isDraining
        block.withFields { fields, count in
            if isEmpty {
                _ = nghttp2_submit_response(session, stream.id, fields, count, nil)
            } else {
                var provider = nghttp2_data_provider()
                provider.read_callback = HTTP2ServerCallbacks.readBody
                _ = nghttp2_submit_response(session, stream.id, fields, count, &provider)
            }
        }
        connection.wantsToWrite()
        if isEmpty { return nil }
        stream.bodyStream = HTTPBodyStream(
            authorizedAt: stream.answeredAt,
            append: { [weak self, weak stream] bytes in
                guard let self, let stream else { return false }
                return append(bytes, to: stream)
            },
            finish: { [weak self, weak stream] in
                guard let self, let stream else { return }
                stream.bodyStream = nil
                produceMore(of: stream)
            })
        return stream.bodyStream
    }

    private func append(_ bytes: [UInt8], to stream: HTTP2Stream) -> Bool {
        let waiting = stream.response.count - stream.responseSent
        guard server.hasRoom(for: bytes.count, after: waiting) else { return false }
        // The rate at which the peer takes it counts from where something began to wait.
        if waiting == 0 { dropSent(stream) }
        stream.response.append(contentsOf: bytes)
        pendingBytes += bytes.count
        produceMore(of: stream)
        return true
    }

    /// Has nghttp2 ask for what the answer has now.
    private func produceMore(of stream: HTTP2Stream) {
        nghttp2_session_resume_data(session, stream.id)
        connection.wantsToWrite()
    }

    /// Forgets what was sent of an answer that goes on.
    private func dropSent(_ stream: HTTP2Stream) {
        stream.response.removeFirst(stream.responseSent)
        stream.responseSent = 0
        stream.progressAt = server.loop.now()
        stream.answeredAt = stream.progressAt
    }

    /// Ends an answer that goes on, at once even where the peer does not take what waits of it.
    private func endForGood(_ stream: HTTP2Stream) {
        guard let body = stream.bodyStream else { return }
        if stream.responseSent == stream.response.count {
            body.end()
        } else {
            stream.hasProvokedReset = true
            stream.bodyStream = nil
            reset(stream.id, NGHTTP2_CANCEL)
            body.close()
        }
    }

    /// Sent parts of answers that go on are kept up to this, so that the rest is not moved each time.
    private static let keptSentBytes = 64 << 10

    /// Copies the next part of an answer's body into nghttp2's frame.
    func readBody(
        _ id: Int32, _ buffer: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ flags: UnsafeMutablePointer<UInt32>
    ) -> Int {
        guard let stream = streams[id] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        let count = min(capacity, stream.response.count - stream.responseSent)
        stream.response.withUnsafeBufferPointer { bytes in
            if count > 0 { memcpy(buffer, bytes.baseAddress! + stream.responseSent, count) }
        }
        stream.responseSent += count
        pendingBytes -= count
        if count > 0 { stream.progressAt = server.loop.now() }
        if stream.bodyStream != nil {
            if stream.responseSent == stream.response.count || stream.responseSent > Self.keptSentBytes {
                dropSent(stream)
            }
            return count > 0 ? count : Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        guard stream.responseSent == stream.response.count else { return count }
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if !stream.trailers.isEmpty {
            flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            var block = HeaderBlock()
            for field in stream.trailers.fields { block.add(field.name, field.value) }
            block.withFields { fields, count in _ = nghttp2_submit_trailer(session, id, fields, count) }
        }
        return count
    }

    private func submitContinue(_ id: Int32) {
        var block = HeaderBlock()
        block.add(":status", "100")
        block.withFields { fields, count in
            _ = nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, fields, count, nil)
        }
    }

    private func reset(_ id: Int32, _ error: nghttp2_error_code) {
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, error.rawValue)
        connection.wantsToWrite()
    }
}
