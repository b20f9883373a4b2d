package import EventLoop

/// What a request says before its body.
package struct RequestHead: Sendable {
    package enum Version: Sendable { case http1, http2 }

    package var method: String
    /// Without the query, as sent: percent-escapes are not resolved.
    package var path: String
    /// What follows the question mark; empty when there is none.
    package var query: String
    /// The `host` header or `:authority`.
    package var authority: String
    package var headers: HTTPHeaders
    package var contentLength: Int?
    package var version: Version
    package var peer: SocketAddress?
    package var isSecure: Bool
    /// The key that `authorize` found good; nil where no key is asked for.
    package var identity: RequestIdentity?
    /// Whose data the request sends or sees; nil for the data of nobody in particular. Set by `authorize` alone: what the
    /// peer says of it is in `headers`.
    package var tenant: String?

    package init(
        method: String, path: String, query: String = "", authority: String = "", headers: HTTPHeaders = HTTPHeaders(),
        contentLength: Int? = nil, version: Version = .http2, peer: SocketAddress? = nil, isSecure: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.authority = authority
        self.headers = headers
        self.contentLength = contentLength
        self.version = version
        self.peer = peer
        self.isSecure = isSecure
    }
}

package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// Sent after the body over HTTP/2; over HTTP/1.1 they are left out, as no client asks for them there.
    package var trailers: HTTPHeaders

    package init(
        status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], trailers: HTTPHeaders = HTTPHeaders()
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }

    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: HTTPHeaders([("content-type", "text/plain; charset=utf-8")]),
            body: Array(text.utf8))
    }
}

/// Answers requests. Lives on the server's loop, and is called there.
package protocol HTTPService: AnyObject {
    /// Called first: says who asks, by setting `identity` and `tenant`, or refuses.
    func authorize(_ head: inout RequestHead) -> HTTPResponse?
    /// Called when the head has been read and before the body: a response refuses the request, nil lets the body come.
    func admit(_ head: RequestHead) -> HTTPResponse?
    /// Called once when the first bytes of a body are there: `beginning` holds at least five, or all of it.
    func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan
    /// Called with the whole body. The answer may be given at once or later.
    func serve(_ exchange: HTTPExchange)
    /// Puts into the service's own words that the server gives up a request, such as one whose body is too large.
    func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse
}

/// What the beginning of a body tells about the rest.
package enum BodyPlan {
    case unknown
    /// The body will be so long, if its sender keeps its word.
    case length(Int)
    case refuse(HTTPResponse)
}

extension HTTPService {
    package func authorize(_ head: inout RequestHead) -> HTTPResponse? { nil }

    package func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan { .unknown }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        switch status {
        case 401: .errorJSON(status, code: "unauthenticated", message: reason)
        case 403: .errorJSON(status, code: "forbidden", message: reason)
        case 429: .errorJSON(status, code: "rate_limited", message: reason)
        default: .text(status, reason + "\n")
        }
    }
}

/// Splits `/path?query`; the query is empty when there is none.
func splitTarget(_ target: String) -> (path: String, query: String) {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target, "") }
    return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
}
