package import HTTP

/// What the forwarder needs of a client: HTTP/2 or HTTP/1.1, it answers each request exactly once and never within `send`.
package protocol RequestSender: AnyObject {
    func send(
        _ request: HTTPClientRequest, deadline: Duration,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void)
    func close()
}

extension HTTPClient: RequestSender {}
extension HTTP1Client: RequestSender {}
