package import TLS

/// Why a request has no response, and whether repeating it may do its work twice.
package struct HTTPClientError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case cannotResolve(String)
        case cannotConnect(String)
        case connectTimedOut
        case tls(TLSError)
        /// The server speaks something else.
        case notHTTP2(String)
        /// The server's answer is not HTTP/1.1.
        case notHTTP1(String)
        /// A field of the request cannot be written; nothing of it was sent.
        case invalidRequest(String)
        /// Too much waits already; nothing was kept of the request.
        case queueFull
        case deadlineExceeded
        /// The connection ended with the request on it.
        case connectionLost(String)
        /// The server said that it has not looked at the request, by GOAWAY or by refusing the stream.
        case refused
        /// The server reset the stream with this HTTP/2 error code.
        case reset(code: UInt32)
        case responseTooLarge(limit: Int)
        /// The client was closed.
        case closed
    }

    package let reason: Reason
    package let endpoint: String
    /// False when the server has surely not seen the request: repeating it is then always safe.
    package let mayHaveBeenProcessed: Bool
    /// For a deadline that passed while there was no connection: what the last attempt to connect ran into.
    package let detail: String?

    package init(_ reason: Reason, endpoint: String, mayHaveBeenProcessed: Bool, detail: String? = nil) {
        self.reason = reason
        self.endpoint = endpoint
        self.mayHaveBeenProcessed = mayHaveBeenProcessed
        self.detail = detail
    }

    package var description: String {
        let what =
            switch reason {
            case .cannotResolve(let reason): "name not found: \(reason)"
            case .cannotConnect(let reason): "cannot connect: \(reason)"
            case .connectTimedOut: "no connection within the connect timeout"
            case .tls(let error): "\(error)"
            case .notHTTP2(let found): "server does not speak HTTP/2: \(found)"
            case .notHTTP1(let found): "server does not speak HTTP/1.1: \(found)"
            case .invalidRequest(let what): "the request cannot be sent: \(what)"
            case .queueFull: "too many requests wait already"
            case .deadlineExceeded: "no response before the deadline"
            case .connectionLost(let reason): "connection lost: \(reason)"
            case .refused: "server refused the request unseen"
            case .reset(let code): "server reset the stream with error code \(code)"
            case .responseTooLarge(let limit): "response is over \(limit) bytes"
            case .closed: "client is closed"
            }
        return "\(endpoint): \(what)" + (detail.map { " (\($0))" } ?? "")
    }
}
