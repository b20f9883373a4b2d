import EventLoop

/// Filled when the HTTP/2 client is there.
final class HTTP2Transport: LoadTransport {
    private let loop: EventLoop
    init(to address: SocketAddress, mode: LoadMode, on loop: EventLoop, deadline: Duration) { self.loop = loop }
    func send(_ request: [UInt8], _ done: @escaping (LoadOutcome) -> Void) {
        _ = loop.schedule(after: .zero) { done(.failed("no HTTP/2 yet")) }
    }
    func close() {}
}
