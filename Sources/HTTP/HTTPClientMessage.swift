package struct HTTPClientRequest: Sendable {
    package var method: String
    /// With the query, percent-escaped as it is to be sent.
    package var path: String
    /// Names in lower case.
    package var headers: HTTPHeaders
    /// Sent as it is, without a copy being kept.
    package var body: [UInt8]

    package init(method: String, path: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}

package struct HTTPClientResponse: Sendable, Equatable {
    package var status: Int
    package var headers: HTTPHeaders
    /// As it came, content coding included.
    package var body: [UInt8]
    package var trailers: HTTPHeaders

    package init(
        status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], trailers: HTTPHeaders = HTTPHeaders()
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }
}
