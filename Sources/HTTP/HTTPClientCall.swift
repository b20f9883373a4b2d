import CNghttp2
import EventLoop

/// One request from `send` to its one answer. While it is a stream, nghttp2 points at it and its connection owns it.
final class HTTPClientCall {
    private(set) var request: HTTPClientRequest
    var deadline: Timer?
    /// Set once the request is a stream of that connection.
    weak var connection: HTTPClientConnection?
    var streamID: Int32 = 0
    /// The request's head was handed over for sending, so the server may have seen it.
    var wasSent = false
    var bodySent = 0
    /// The response's last frame has come.
    var isComplete = false
    /// Why the stream was reset by us.
    var failure: HTTPClientError.Reason?
    private(set) var response = HTTPClientResponse(status: 0)
    private var headerBytes = 0
    /// What of the body came since it was last handed out; only of an answer that is wanted as it comes.
    private var arrived: [UInt8] = []
    private let onBytes: (([UInt8]) -> Void)?
    private var done: ((Result<HTTPClientResponse, HTTPClientError>) -> Void)?

    init(
        _ request: HTTPClientRequest, onBytes: (([UInt8]) -> Void)? = nil,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        self.request = request
        self.onBytes = onBytes
        self.done = done
    }

    var isOpen: Bool { done != nil }

    /// Lets go of a body that was sent, before whoever gets the answer makes another. One that was not is still nghttp2's.
    func forgetSentBody() {
        guard bodySent == request.body.count else { return }
        (request.body, bodySent) = ([], 0)
    }

    /// Answers; only the first one counts.
    func finish(_ result: Result<HTTPClientResponse, HTTPClientError>) {
        deadline?.cancel()
        deadline = nil
        let done = self.done
        self.done = nil
        done?(result)
    }

    /// False when the response's fields are over the limit.
    func addField(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, limit: Int) -> Bool {
        headerBytes += name.count + value.count + 32
        guard headerBytes <= limit else { return false }
        let name = String(decoding: name, as: UTF8.self)
        let value = String(decoding: value, as: UTF8.self)
        if name == ":status" {
            // What an informational response said before is not kept.
            response.status = Int(value) ?? 0
            response.headers = HTTPHeaders()
        } else if !hasHead {
            response.headers.add(name, value)
        } else {
            response.trailers.add(name, value)
        }
        return true
    }

    /// The final head has been read; fields that come now are trailers.
    private(set) var hasHead = false

    func endOfFields() {
        guard response.status >= 200 else { return }
        hasHead = true
        guard isStreamed else { return }
        deadline?.cancel()
        deadline = nil
    }

    /// The body is handed out as it comes: it is wanted so, and is no refusal.
    var isStreamed: Bool { onBytes != nil && hasHead && response.status < 300 }

    var hasArrived: Bool { !arrived.isEmpty }

    func handOut() {
        guard isOpen, hasArrived else { return }
        let bytes = arrived
        arrived = []
        onBytes?(bytes)
    }

    /// False when the response's body is over the limit.
    func addBody(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) -> Bool {
        guard bytes.count <= limit - response.body.count - arrived.count else { return false }
        if isStreamed {
            arrived.append(contentsOf: bytes)
            return true
        }
        response.body.append(contentsOf: bytes)
        return true
    }
}
