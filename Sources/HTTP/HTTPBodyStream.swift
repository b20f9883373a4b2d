import EventLoop

/// The body of an answer that goes on: written piece by piece until either side ends it. Lives on the server's loop.
///
/// Nothing waits for a peer that takes its time: a piece for which there is no room is refused whole, and it is the writer's
/// to leave it out and to say so.
package final class HTTPBodyStream {
    /// Bytes that may wait for the peer; a piece that would make them more is refused.
    package static let maximumUnsentBytes = 256 << 10

    /// Called once when the peer has gone, the server ends the stream (it stops, or the key that was shown is not good any
    /// more), or its writer did. Called within what ended it: it is to note that and return.
    package var onClose: (() -> Void)?
    package private(set) var isOpen = true
    /// When the request behind it was last found to be one that may be answered.
    var authorizedAt: MonotonicTime
    private let append: ([UInt8]) -> Bool
    private let finish: () -> Void

    init(authorizedAt: MonotonicTime, append: @escaping ([UInt8]) -> Bool, finish: @escaping () -> Void) {
        self.authorizedAt = authorizedAt
        self.append = append
        self.finish = finish
    }

    /// False, and nothing of it is sent, when the peer is behind or gone.
    package func write(_ bytes: [UInt8]) -> Bool { isOpen && (bytes.isEmpty || append(bytes)) }

    /// Ends the answer in order; what was written before still goes out.
    package func end() {
        guard isOpen else { return }
        finish()
        close()
    }

    /// Called by the connection when nothing can be written any more.
    func close() {
        guard isOpen else { return }
        isOpen = false
        let onClose = self.onClose
        self.onClose = nil
        onClose?()
    }
}
