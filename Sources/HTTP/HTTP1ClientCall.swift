import EventLoop

/// One request of an `HTTP1Client`, from `send` to its one answer.
final class HTTP1ClientCall {
    private(set) var request: HTTPClientRequest
    var deadline: Timer?
    /// Set while the request is on that connection.
    weak var connection: HTTP1ClientConnection?
    /// Something of it was handed to the socket, so the server may have seen it.
    var wasSent = false
    private var done: ((Result<HTTPClientResponse, HTTPClientError>) -> Void)?

    init(_ request: HTTPClientRequest, _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void) {
        self.request = request
        self.done = done
    }

    /// Before whoever gets the answer makes another.
    func forgetBody() { request.body = [] }

    /// Answers; only the first one counts.
    func finish(_ result: Result<HTTPClientResponse, HTTPClientError>) {
        deadline?.cancel()
        deadline = nil
        let done = self.done
        self.done = nil
        done?(result)
    }
}

extension HTTPClientRequest {
    /// What keeps the head from being written as HTTP/1.1: text that could end a line early would let its author write
    /// headers or requests of his own.
    var faultInHead: String? {
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else { return "the method is not a token" }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return "the path is not '/…' without spaces and control characters"
        }
        for field in headers.fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(isTokenByte) else {
                return "a header's name is not a token"
            }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                return "header '\(field.name)' holds a control character"
            }
        }
        return nil
    }

    /// The head as HTTP/1.1 writes it.
    func http1Head(authority: String) -> [UInt8] {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: \(authority)\r\n"
        for field in headers.fields where field.name != "host" && field.name != "content-length" {
            text += "\(field.name): \(field.value)\r\n"
        }
        // RFC 9110, 8.6: a method that gives a body a meaning says its length even when it is none.
        if !body.isEmpty || method == "POST" || method == "PUT" || method == "PATCH" {
            text += "content-length: \(body.count)\r\n"
        }
        return Array((text + "\r\n").utf8)
    }
}
