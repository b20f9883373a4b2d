import EventLoop
import HTTP

/// Posts large messages to the sidecar over HTTP/2. They are rare, so each has a connection of its own.
struct SidecarHTTP: LargeMessageSender {
    let address: SocketAddress
    /// Holds the key that the sidecar asks for; read each time, so that it can be changed.
    var keyFile: String?

    func send(_ message: [UInt8], deadline: Duration) -> LargeMessageOutcome {
        var headers = HTTPHeaders([("content-type", "application/x-protobuf")])
        if let keyFile {
            do throws(ClientKeyUnusable) {
                let key = try ClientKey(file: keyFile).header
                headers.add(key.name, key.value)
            } catch {
                return .failed("\(error)")
            }
        }
        let request = HTTPClientRequest(method: "POST", path: "/v1/traces", headers: headers, body: message)
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
