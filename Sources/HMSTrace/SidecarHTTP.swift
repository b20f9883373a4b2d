import EventLoop

/// Posts large messages to the sidecar over HTTP/2.
struct SidecarHTTP: LargeMessageSender {
    let address: SocketAddress

    func send(_ message: [UInt8], deadline: Duration) -> LargeMessageOutcome {
        .failed("no HTTP client yet")
    }
}
