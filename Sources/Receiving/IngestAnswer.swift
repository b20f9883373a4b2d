import HTTP
import OTLP
import WireFormat

/// Puts outcomes into the dialect of the request: gRPC status and trailers, or an HTTP status with OTLP's message.
enum IngestAnswer {
    static func success(_ route: IngestRoute, rejected: Int, message: String) -> HTTPResponse {
        switch route.dialect {
        case .grpc:
            let body = ExportResponse.protobuf(route.kind, rejected: rejected, message: message)
            return HTTPResponse(
                status: 200, headers: grpcHeaders, body: GRPCFraming.frame(body),
                trailers: HTTPHeaders([("grpc-status", "0")]))
        case .protobuf:
            return HTTPResponse(
                status: 200, headers: HTTPHeaders([("content-type", "application/x-protobuf")]),
                body: ExportResponse.protobuf(route.kind, rejected: rejected, message: message))
        case .json:
            return HTTPResponse(
                status: 200, headers: HTTPHeaders([("content-type", "application/json")]),
                body: ExportResponse.json(route.kind, rejected: rejected, message: message))
        }
    }

    /// - Parameter dialect: nil where the request's own could not be told; the answer is then JSON for people.
    static func failure(
        _ dialect: IngestRoute.Dialect?, status: Int, reason: String, retryAfter: Duration? = nil,
        headers extra: [(String, String)] = []
    ) -> HTTPResponse {
        let code = GRPCStatus(answering: status)
        var headers = HTTPHeaders()
        switch dialect {
        case .grpc:
            headers = grpcHeaders
            headers.add("grpc-status", String(code.rawValue))
            headers.add("grpc-message", GRPCMessage.percentEncoded(reason))
            if let retryAfter {
                let details = ExportResponse.status(code: code, message: reason, retryAfter: retryAfter)
                headers.add("grpc-status-details-bin", Base64.encode(details.span, padded: false))
            }
            for (name, value) in extra { headers.add(name, value) }
            // A response of headers alone, which gRPC reads as its trailers.
            return HTTPResponse(status: 200, headers: headers)
        case .protobuf:
            headers.add("content-type", "application/x-protobuf")
        case .json, nil:
            headers.add("content-type", "application/json")
        }
        if let retryAfter {
            headers.add("retry-after", String(max(1, (retryAfter.components.seconds))))
        }
        for (name, value) in extra { headers.add(name, value) }
        let body =
            dialect == .protobuf
            ? ExportResponse.status(code: code, message: reason, retryAfter: retryAfter)
            : ExportResponse.statusJSON(code: code, message: reason, retryAfter: retryAfter)
        return HTTPResponse(status: status, headers: headers, body: body)
    }

    private static let grpcHeaders = HTTPHeaders([("content-type", "application/grpc")])
}
