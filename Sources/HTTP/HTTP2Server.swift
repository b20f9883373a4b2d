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
        lastActivity = server.loop.now()
        guardian.now = lastActivity
        let result = bytes.withUnsafeBufferPointer { nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) }
        if let flood = guardian.exceeded ?? (result == NGHTTP2_ERR_FLOODED.rawValue ? guardian.latestFlood : nil) {
            server.counters.refuse(flood)
            terminate(NGHTTP2_ENHANCE_YOUR_CALM)
        } else if result < 0 {
            // nghttp2 has queued a GOAWAY where there is still one to send.
            server.counters.refuse(.protocolError)
            isBroken = true
            connection.closeAfterOutput()
        }
    }

    func produce(into output: inout [UInt8], limit: Int) {
        while output.count < limit {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0, let bytes else {
                if count < 0 { isBroken = true }
                return
            }
            output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        }
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
        for stream in streams.values where stream.isReceivingBody {
            guard stream.isTooSlow(now, server.limits) else { continue }
            server.counters.refuse(.bodyTooSlow)
            refuse(stream, 408, HTTPRefusal.tooSlowText)
        }
        for stream in streams.values where stream.isReceivingHeader && now - stream.begun > server.limits.headerTimeout
        {
            server.counters.refuse(.headerTimeout)
            reset(stream.id, NGHTTP2_CANCEL)
        }
        // A window that the peer keeps closed holds answers back without a byte in the socket.
        if streams.values.contains(where: { $0.isAnswered && now - $0.progressAt > server.limits.writeTimeout }) {
            server.counters.refuse(.writeStalled)
            terminate(NGHTTP2_ENHANCE_YOUR_CALM)
        }
        if streams.isEmpty, now - lastActivity > server.limits.idleTimeout {
            server.counters.refuse(.idle)
            terminate(NGHTTP2_NO_ERROR)
        }
    }

    func drain() {
        isDraining = true
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
            NGHTTP2_NO_ERROR.rawValue, nil, 0)
        if streams.isEmpty { connection.closeAfterOutput() }
    }

    func connectionClosed() {
        // nghttp2_session_del tells nobody about the streams that were open.
        for stream in streams.values { forget(stream) }
        streams = [:]
    }

    private func terminate(_ error: nghttp2_error_code) {
        nghttp2_session_terminate_session(session, error.rawValue)
        connection.closeAfterOutput()
    }

    // MARK: streams; called from within nghttp2

    fileprivate func beginHeaders(_ id: Int32) -> Int32 {
        guard streams[id] == nil else { return 0 }  // trailers
        streams[id] = HTTP2Stream(id: id, now: lastActivity)
        return 0
    }

    fileprivate func header(_ id: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>)
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

    fileprivate func headersEnded(_ id: Int32, endOfStream: Bool) {
        guard let stream = streams[id], stream.isReceivingHeader else { return }
        stream.isReceivingHeader = false
        stream.peerHasEnded = endOfStream
        server.counters.http2Requests.add(1, ordering: .relaxed)
        if stream.isOversized {
            refuse(stream, .text(431, "the header is over \(server.limits.maxHeaderBytes) bytes\n"))
            return
        }
        let head = stream.takeHead(peer: connection.peer, isSecure: connection.isSecure)
        stream.head = head
        if let length = head.contentLength, length > server.limits.maxBodyBytes {
            refuseTooLarge(stream)
        } else if let refusal = server.service.admit(head) {
            refuse(stream, refusal)
        } else if endOfStream {
            serve(stream)
        } else {
            stream.isReceivingBody = true
            if head.headers["expect"]?.lowercased() == "100-continue" { submitContinue(id) }
            stream.body.reserveCapacity(min(head.contentLength ?? 0, 1 << 20))
        }
    }

    fileprivate func data(_ id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let stream = streams[id], stream.isReceivingBody else { return }
        guard stream.body.count + bytes.count <= server.limits.maxBodyBytes else {
            refuseTooLarge(stream)
            return
        }
        let buffered = server.counters.bufferedBytes.add(bytes.count, ordering: .relaxed).newValue
        stream.buffered += bytes.count
        guard buffered <= server.limits.maxBufferedBytes else {
            server.counters.refuse(.buffersFull)
            refuse(stream, 503, HTTPRefusal.busyText)
            return
        }
        stream.body.append(contentsOf: bytes)
    }

    fileprivate func endOfStream(_ id: Int32) {
        guard let stream = streams[id] else { return }
        stream.peerHasEnded = true
        guard stream.isReceivingBody else { return }
        stream.isReceivingBody = false
        serve(stream)
    }

    fileprivate func streamClosed(_ id: Int32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        forget(stream)
        if isDraining, streams.isEmpty { connection.closeAfterOutput() }
    }

    fileprivate func frameBegan(type: UInt8, flags: UInt8, length: Int) {
        guardian.countFrame(type: type, flags: flags, length: length)
    }

    fileprivate func frameSent(_ sent: nghttp2_frame) {
        let frame = sent.hd
        let carriesAnswer = frame.type == NGHTTP2_HEADERS.rawValue || frame.type == NGHTTP2_DATA.rawValue
        if carriesAnswer, UInt32(frame.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
            // Not before: nghttp2 drops the frames of a stream that still wait when its reset is submitted.
            streams[frame.stream_id]?.resetAfterAnswer(session)
        }
        // A reset without an error is ours, after an early answer; the others are what the peer made us do.
        guard frame.type == NGHTTP2_RST_STREAM.rawValue, sent.rst_stream.error_code != NGHTTP2_NO_ERROR.rawValue,
            guardian.countsProvokedResetFlood()
        else { return }
        server.counters.refuse(.resetFlood)
        connection.closeAfterOutput()
    }

    private func forget(_ stream: HTTP2Stream) {
        release(stream)
        pendingBytes -= stream.response.count - stream.responseSent
        stream.responseSent = stream.response.count
        stream.exchange?.detach()
        stream.exchange = nil
    }

    /// Gives back the stream's share of what may be buffered.
    private func release(_ stream: HTTP2Stream) {
        server.counters.bufferedBytes.subtract(stream.buffered, ordering: .relaxed)
        stream.buffered = 0
    }

    // MARK: answering

    private func serve(_ stream: HTTP2Stream) {
        guard let head = stream.head else { return }
        let body = stream.body
        stream.body = []
        release(stream)
        let exchange = HTTPExchange(head: head, body: body) { [weak self, weak stream] response in
            guard let self, let stream else { return }
            respond(stream, response)
        }
        stream.exchange = exchange
        server.service.serve(exchange)
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
        stream.body = []
        release(stream)
        respond(stream, response)
    }

    private func respond(_ stream: HTTP2Stream, _ response: HTTPResponse) {
        guard !stream.isAnswered else { return }
        stream.isAnswered = true
        stream.progressAt = server.loop.now()
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

    /// Copies the next part of an answer's body into nghttp2's frame.
    fileprivate func readBody(
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

/// The callbacks and options that all sessions share.
private struct HTTP2ServerCallbacks: @unchecked Sendable {
    // Sendable because nghttp2 only reads the tables after they are made here.
    let pointer: OpaquePointer?

    static let shared = HTTP2ServerCallbacks()
    nonisolated(unsafe) static let options: OpaquePointer? = {
        // Never changed after this; sessions read it when they are made.
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_settings(options, 32)
        return options
    }()

    static let readBody: nghttp2_data_source_read_callback = { _, id, buffer, capacity, flags, _, userData in
        // nghttp2 passes the session's user data, a buffer and flags that are never null.
        HTTP2Server.from(userData).readBody(id, buffer!, capacity, flags!)
    }

    private init() {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, userData in
            HTTP2Server.from(userData).beginHeaders(frame!.pointee.hd.stream_id)
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, userData in
            HTTP2Server.from(userData).header(
                frame!.pointee.hd.stream_id, UnsafeBufferPointer(start: name, count: nameLength),
                UnsafeBufferPointer(start: value, count: valueLength))
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, userData in
            let header = frame!.pointee.hd
            let endOfStream = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
            let session = HTTP2Server.from(userData)
            if header.type == NGHTTP2_HEADERS.rawValue {
                session.headersEnded(header.stream_id, endOfStream: endOfStream)
            }
            if endOfStream, header.type == NGHTTP2_HEADERS.rawValue || header.type == NGHTTP2_DATA.rawValue {
                session.endOfStream(header.stream_id)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, userData in
            HTTP2Server.from(userData).data(id, UnsafeBufferPointer(start: bytes, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, userData in
            HTTP2Server.from(userData).streamClosed(id)
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, userData in
            let header = header!.pointee
            HTTP2Server.from(userData).frameBegan(type: header.type, flags: header.flags, length: header.length)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, userData in
            HTTP2Server.from(userData).frameSent(frame!.pointee)
            return 0
        }
        pointer = callbacks
    }
}

extension HTTP2Server {
    /// The user data of every session is the object that owns it and frees it, so the pointer is valid in each callback.
    fileprivate static func from(_ userData: UnsafeMutableRawPointer?) -> HTTP2Server {
        Unmanaged<HTTP2Server>.fromOpaque(userData!).takeUnretainedValue()
    }
}
