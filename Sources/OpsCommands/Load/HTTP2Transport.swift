import EventLoop
import HTTP
import OTLP

/// One HTTP/2 connection that export requests are sent on, as gRPC calls or as plain OTLP/HTTP.
final class HTTP2Transport: LoadTransport {
    private let client: HTTPClient
    private let isGRPC: Bool
    private let deadline: Duration
    private let headers: HTTPHeaders

    init(to address: SocketAddress, mode: LoadMode, headers: HTTPHeaders, on loop: EventLoop, deadline: Duration) {
        var options = HTTPClientOptions()
        options.maxConcurrentStreams = 100
        options.failsWhenConnectFails = true
        client = HTTPClient(loop: loop, endpoint: HTTPEndpoint(address: address), options: options)
        self.headers = headers
        isGRPC = mode == .grpc
        self.deadline = deadline
    }

    func send(_ request: [UInt8], _ done: @escaping (LoadOutcome) -> Void) {
        let isGRPC = isGRPC
        client.send(self.request(request), deadline: deadline) { result in
            switch result {
            case .failure(let error):
                done(.failed(Self.reason(error)))
            case .success(let answer) where isGRPC:
                let status = answer.trailers["grpc-status"] ?? answer.headers["grpc-status"]
                done(ExportAnswer.outcome(httpStatus: answer.status, grpcStatus: status, body: answer.body))
            case .success(let answer):
                done(ExportAnswer.outcome(httpStatus: answer.status, body: answer.body))
            }
        }
    }

    func close() { client.close() }

    private func request(_ message: [UInt8]) -> HTTPClientRequest {
        var headers = headers
        headers.add("content-type", isGRPC ? "application/grpc" : "application/x-protobuf")
        if isGRPC { headers.add("te", "trailers") }
        return HTTPClientRequest(
            method: "POST", path: isGRPC ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export" : "/v1/traces",
            headers: headers, body: isGRPC ? GRPCFraming.frame(message) : message)
    }

    /// Without the endpoint, which is the same in all.
    private static func reason(_ error: HTTPClientError) -> String {
        let text = error.description
        let prefix = error.endpoint + ": "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }
}
