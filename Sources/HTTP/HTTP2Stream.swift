import CNghttp2
import EventLoop

/// One request on an HTTP/2 connection, from its header to the end of its answer.
final class HTTP2Stream {
    let id: Int32
    let begun: MonotonicTime
    var isReceivingHeader = true
    var isReceivingBody = false
    var peerHasEnded = false
    var isOversized = false
    var isAnswered = false
    var headerBytes = 0
    var head: RequestHead?
    var body = IncomingBody()
    /// Received while the body was to wait; the peer's window for it is given back when it goes on.
    var withheldWindow = 0
    /// The peer did something on it that made us reset it, which is counted.
    var hasProvokedReset = false
    var exchange: HTTPExchange?
    /// When a part of the body last came, the answer was given or a part of it last left.
    var progressAt: MonotonicTime
    var answeredAt: MonotonicTime
    var response: [UInt8] = []
    var responseSent = 0
    var trailers = HTTPHeaders()
    /// While the answer goes on.
    var bodyStream: HTTPBodyStream?

    private var method = ""
    private var target = ""
    private var authority = ""
    private var headers = HTTPHeaders()

    init(id: Int32, now: MonotonicTime) {
        self.id = id
        begun = now
        progressAt = now
        answeredAt = now
    }

    /// nghttp2 has checked names and values: lower case, no control characters, pseudo-headers first and once.
    func addHeader(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        let text = String(decoding: value, as: UTF8.self)
        guard name.first == UInt8(ascii: ":") else {
            headers.add(String(decoding: name, as: UTF8.self), text)
            return
        }
        switch name.count {
        case 5: target = text  // :path
        case 7 where name[1] == UInt8(ascii: "m"): method = text  // :method
        case 10: authority = text  // :authority
        default: break
        }
    }

    func takeHead(peer: SocketAddress?, isSecure: Bool) -> RequestHead {
        let (path, query) = splitTarget(target)
        let head = RequestHead(
            method: method, path: path, query: query, authority: authority.isEmpty ? headers["host"] ?? "" : authority,
            headers: headers, contentLength: headers["content-length"].flatMap { Int($0) }, version: .http2, peer: peer,
            isSecure: isSecure)
        headers = HTTPHeaders()
        return head
    }

    /// The body, or the peer's taking of the answer.
    func isTooSlow(_ now: MonotonicTime, _ limits: HTTPLimits) -> Bool {
        if isReceivingBody, !body.isPaused { return limits.isTooSlow(body.count, for: now - begun) }
        guard isAnswered else { return false }
        // An answer that goes on may have nothing to say for long.
        if bodyStream != nil, responseSent == response.count { return false }
        // A window that the peer keeps closed, or all but closed, holds answers back without a byte in the socket.
        let age = now - answeredAt
        return now - progressAt > limits.writeTimeout
            || (age > limits.writeTimeout && responseSent < limits.leastBytes(in: age))
    }

    /// RFC 9113, 8.1: an answer may be complete before the request is; NO_ERROR then asks the peer to stop sending.
    func resetAfterAnswer(_ session: OpaquePointer?) {
        guard !peerHasEnded else { return }
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_NO_ERROR.rawValue)
    }
}
