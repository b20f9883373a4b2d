/// Takes the messages that no datagram can hold. Called on the tracer's thread, which it may block until `deadline`.
protocol LargeMessageSender: Sendable {
    /// Sends one ExportTraceServiceRequest.
    func send(_ message: [UInt8], deadline: Duration) -> LargeMessageOutcome
}

enum LargeMessageOutcome: Equatable, Sendable {
    case acknowledged
    /// The receiver will not take it, now or later.
    case tooLarge
    case failed(String)
}
