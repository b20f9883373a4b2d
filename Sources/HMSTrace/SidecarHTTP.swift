import EventLoop
import HTTP

/// Posts large messages to the sidecar over HTTP/2. They are rare, so each has a connection of its own.
struct SidecarHTTP: LargeMessageSender {
    let address: SocketAddress

    func send(_ message: [UInt8], deadline: Duration) -> LargeMessageOutcome {
        let request = HTTPClientRequest(
            method: "POST", path: "/v1/traces", headers: HTTPHeaders([("content-type", "application/x-protobuf")]),
            body: message)
        do throws(HTTPClientError) {
            let response = try fetch(request, from: HTTPEndpoint(address: address), deadline: deadline)
            return switch response.status {
            case 200..<300: .acknowledged
            case 413: .tooLarge
            default: .failed("\(address) answered a large message with status \(response.status)")
            }
        } catch {
            return .failed("\(error)")
        }
    }
}
