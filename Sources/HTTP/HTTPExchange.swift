package import EventLoop

/// One request and its answer. Lives on the server's loop.
///
/// The connection may end before the answer is given: `respond` then does nothing, so a service may keep an exchange for as
/// long as its work takes.
package final class HTTPExchange {
    package let head: RequestHead
    /// The body as it came, content coding included. A service may take it out to keep it without a copy.
    package var body: [UInt8]
    /// Stands for the memory of `body`. Whoever keeps the bytes, or makes others of them, keeps it too and adjusts it.
    package let share: BudgetShare
    private var responder: ((HTTPResponse) -> Void)?
    private var streamer: ((HTTPHeaders) -> HTTPBodyStream?)?

    init(
        head: RequestHead, body: [UInt8], share: BudgetShare, streamer: @escaping (HTTPHeaders) -> HTTPBodyStream?,
        responder: @escaping (HTTPResponse) -> Void
    ) {
        self.head = head
        self.body = body
        self.share = share
        self.streamer = streamer
        self.responder = responder
    }

    /// False once the answer was given or the peer has gone.
    package var isOpen: Bool { responder != nil }

    /// Gives the answer; only the first one counts.
    package func respond(_ response: HTTPResponse) {
        let responder = self.responder
        detach()
        responder?(response)
    }

    /// Answers 200 with a body that goes on. Nil when there is nothing to write to: the answer was given before, the peer has
    /// gone, or, answered with the head alone, the request is a `HEAD` or the server is stopping.
    package func stream(_ headers: HTTPHeaders) -> HTTPBodyStream? {
        let streamer = self.streamer
        detach()
        return streamer?(headers)
    }

    /// Called by the connection when the stream ended: nobody waits for the answer any more.
    func detach() { (responder, streamer) = (nil, nil) }
}
