import EventLoop
import HTTP
import OTLP

/// One HTTP/2 connection that export requests are sent on, as gRPC calls or as plain OTLP/HTTP.
final class HTTP2Transport: LoadTransport {
    private let client: HTTPClient
    private let isGRPC: Bool
    private let deadline: Duration

    init(to address: SocketAddress, mode: LoadMode, on loop: EventLoop, deadline: Duration) {
        var options = HTTPClientOptions()
        options.maxConcurrentStreams = 100
        options.failsWhenConnectFails = true
        client = HTTPClient(loop: loop, endpoint: HTTPEndpoint(address: address), options: options)
        isGRPC = mode == .grpc
        self.deadline = deadline
    }

    func send(_ request: [UInt8], _ done: @escaping (LoadOutcome) -> Void) {
        let isGRPC = isGRPC
        client.send(Self.request(request, isGRPC: isGRPC), deadline: deadline) { result in
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

    private static func request(_ message: [UInt8], isGRPC: Bool) -> HTTPClientRequest {
        if isGRPC {
            return HTTPClientRequest(
                method: "POST", path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                headers: HTTPHeaders([("content-type", "application/grpc"), ("te", "trailers")]),
                body: GRPCFraming.frame(message))
        }
        return HTTPClientRequest(
            method: "POST", path: "/v1/traces", headers: HTTPHeaders([("content-type", "application/x-protobuf")]),
            body: message)
    }

    /// Without the endpoint, which is the same in all.
    private static func reason(_ error: HTTPClientError) -> String {
        let text = error.description
        let prefix = error.endpoint + ": "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }
}
