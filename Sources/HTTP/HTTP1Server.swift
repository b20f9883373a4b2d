import EventLoop
import Synchronization

/// The server's side of one HTTP/1.1 connection: one request after the other, those that were sent ahead wait. Lives on the
/// server's loop.
final class HTTP1Server: ServerProtocol {
    private unowned let connection: ServerConnection
    private let server: HTTPServer
    private var parser: HTTP1Parser
    private var input: [UInt8] = []
    private var inputUsed = 0
    private var output: [UInt8] = []
    private var head: RequestHead?
    private var body = IncomingBody()
    /// Answers the request once its body, which nobody wants, has been read over.
    private var refusal: HTTPResponse?
    private var exchange: HTTPExchange?
    /// The answer that goes on; `exchange` stays until it ends.
    private var bodyStream: HTTPBodyStream?
    /// The last answer went on: there is no request after it.
    private var hasStreamed = false
    private var keepsAlive = true
    private var isDraining = false
    private(set) var isFinished = false
    /// Requests that were sent ahead wait until some of the answers before them are written.
    private var isHeldBack = false
    private var isResuming = false
    private var requestBegan: MonotonicTime?
    private var lastActivity: MonotonicTime

    /// An unwanted body up to this is read over to keep the connection; a longer one costs the peer a new connection.
    private static let longestIgnoredBody = 64 << 10
    /// Unwritten answers beyond which requests that were sent ahead are left for later.
    private static let heldBackBytes = 16 << 10

    init(connection: ServerConnection) {
        self.connection = connection
        server = connection.server
        parser = HTTP1Parser(maxHeaderBytes: server.limits.maxHeaderBytes, maxBodyBytes: server.limits.maxBodyBytes)
        lastActivity = server.loop.now()
    }

    // MARK: ServerProtocol

    /// While an answer is awaited, requests that were sent ahead are left in the socket. While one goes on it is read, and
    /// thrown away, so that the peer's end is noticed.
    var wantsInput: Bool {
        bodyStream != nil || (exchange == nil && !isFinished && !isHeldBack && !isResuming && !body.isPaused)
    }

    var isIdle: Bool { exchange == nil && !isHeldBack && requestBegan == nil }

    var awaitsAnswer: Bool { (exchange != nil && bodyStream == nil) || isHeldBack }

    var pendingBytes: Int { output.count }

    /// Of an answer without an end, the peer's end of the connection is the end.
    var toleratesHalfClose: Bool { !hasStreamed }

    func receive(_ bytes: Span<UInt8>) {
        guard !isFinished, bodyStream == nil else { return }
        lastActivity = server.loop.now()
        bytes.withUnsafeBufferPointer { input.append(contentsOf: $0) }
        parseInput()
    }

    func produce(into output: inout [UInt8], limit: Int) {
        output.append(contentsOf: self.output)
        self.output.removeAll(keepingCapacity: self.output.capacity <= 16 << 10)
        if isHeldBack {
            isHeldBack = false
            resume()
        }
    }

    func sweep(_ now: MonotonicTime) {
        if let bodyStream, let head, !server.stillAuthorizes(head, bodyStream, now) { bodyStream.end() }
        guard exchange == nil, !isFinished else { return }
        if let began = requestBegan {
            let age = now - began
            if head == nil {
                if age > server.limits.headerTimeout {
                    refuse(.headerTimeout, 408, "the header did not come in time")
                }
            } else if body.isPaused {
                return
            } else if server.limits.isTooSlow(body.count, for: age) {
                refuse(.bodyTooSlow, 408, HTTPRefusal.tooSlowText)
            } else if server.memory.budget.isTight, now - lastActivity > BodyMemory.smallPatience {
                refuse(.buffersFull, 503, HTTPRefusal.busyText)
            }
        } else if now - lastActivity > server.limits.idleTimeout {
            server.counters.refuse(.idle)
            isFinished = true
        }
    }

    func drain() {
        isDraining = true
        if let bodyStream {
            bodyStream.end()
            connection.cutOff()
        } else if exchange == nil, requestBegan == nil {
            isFinished = true
        }
    }

    func connectionClosed() {
        finish()
        input = []
        inputUsed = 0
        exchange?.detach()
        exchange = nil
        bodyStream?.close()
        bodyStream = nil
    }

    // MARK: requests

    private func parseInput() {
        while exchange == nil, !isFinished {
            guard output.count < Self.heldBackBytes else {
                isHeldBack = true
                return
            }
            if requestBegan == nil, inputUsed < input.count { requestBegan = lastActivity }
            let event: HTTP1Parser.Event
            do throws(HTTP1Parser.Failure) {
                event = try parser.next(input, &inputUsed)
            } catch {
                refuseMalformed(error)
                return
            }
            switch event {
            case .needsMore:
                dropUsedInput()
                // Small ones are in what a connection costs.
                if head == nil, !connection.holdInput(max(0, input.count - Self.smallInputBytes)) { refuseForMemory() }
                return
            case .head(var head, let keepsAlive):
                head.peer = connection.peer
                head.isSecure = connection.isSecure
                self.keepsAlive = keepsAlive
                begin(head)
            case .body(let range):
                append(range)
            case .end:
                serve()
            }
        }
    }

    private func dropUsedInput() {
        if inputUsed == input.count {
            input.removeAll(keepingCapacity: input.capacity <= Self.keptInputBytes)
        } else {
            input.removeSubrange(..<inputUsed)
        }
        inputUsed = 0
    }

    /// A buffer that grew beyond this is not kept while a connection waits.
    private static let keptInputBytes = 4 << 10
    private static let smallInputBytes = 1 << 10

    private func begin(_ head: RequestHead) {
        var head = head
        self.head = head
        server.counters.http1Requests.add(1, ordering: .relaxed)
        body.expectedBytes = min(head.contentLength ?? 0, server.limits.maxBodyBytes)
        body.isPlanned = false
        if let length = head.contentLength, length > server.limits.maxBodyBytes {
            refuse(.bodyTooLarge, 413, HTTPRefusal.tooLargeText(limit: server.limits.maxBodyBytes))
        } else if !body.holdHead(head, server.memory) {
            refuseForMemory()
        } else if let refusal = authorizeAndAdmit(&head) {
            let length = head.contentLength ?? 0
            if length > 0, length <= Self.longestIgnoredBody, head.headers["expect"] == nil {
                self.refusal = refusal
            } else {
                refuseBeforeBody(refusal)
            }
        } else if parser.expectsBody, head.headers["expect"]?.lowercased() == "100-continue" {
            output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
            connection.wantsToWrite()
        }
    }

    private func authorizeAndAdmit(_ head: inout RequestHead) -> HTTPResponse? {
        if let refusal = server.service.authorize(&head) { return refusal }
        self.head = head
        return server.service.admit(head)
    }

    private func append(_ range: Range<Int>) {
        guard refusal == nil else { return }
        guard body.count + range.count <= server.limits.maxBodyBytes else {
            refuse(.bodyTooLarge, 413, HTTPRefusal.tooLargeText(limit: server.limits.maxBodyBytes))
            return
        }
        let fits = input.withUnsafeBufferPointer { input in
            body.append(UnsafeBufferPointer(rebasing: input[range]), server.memory, now: lastActivity) { share in
                LargeBody(
                    share: share, now: lastActivity,
                    resume: { [weak self] in self?.connection.flush() },
                    giveUp: { [weak self] in self?.refuseForMemory() })
            }
        }
        guard fits else {
            refuseForMemory()
            return
        }
        server.counters.bufferedBytes.add(range.count, ordering: .relaxed)
        if !body.isPlanned, body.count >= 5 { plan() }
    }

    private func plan() {
        guard let head else { return }
        body.isPlanned = true
        switch server.service.plan(head, beginning: body.bytes) {
        case .unknown: return
        case .length(let length): body.expectedBytes = min(length, server.limits.maxBodyBytes)
        case .refuse(let response):
            keepsAlive = false
            write(response, isHead: false)
            finish()
            connection.wantsToWrite()
        }
    }

    private func refuseForMemory() { refuse(.buffersFull, 503, HTTPRefusal.busyText) }

    private func releaseBody() {
        server.counters.bufferedBytes.subtract(body.count, ordering: .relaxed)
        body.drop(server.memory)
    }

    private func serve() {
        guard let head else { return }
        // A request that came whole is not kept beside its body while its answer is awaited, nor the next one behind it. Of
        // many that were sent ahead, only once they are half of what is there: to drop each would move the rest each time.
        if inputUsed > input.count / 2 { dropUsedInput() }
        if let refusal {
            self.refusal = nil
            releaseBody()
            respond(refusal)
            return
        }
        server.counters.bufferedBytes.subtract(body.count, ordering: .relaxed)
        let (complete, share) = body.take(server.memory)
        let exchange = HTTPExchange(
            head: head, body: complete, share: share, streamer: { [weak self] in self?.stream($0) },
            responder: { [weak self] in self?.respond($0) })
        self.exchange = exchange
        server.service.serve(exchange)
    }

    // MARK: answers

    private func respond(_ response: HTTPResponse) {
        if isDraining { keepsAlive = false }
        write(response, isHead: head?.method == "HEAD")
        exchange = nil
        head = nil
        requestBegan = nil
        lastActivity = server.loop.now()
        if !keepsAlive { isFinished = true }
        connection.wantsToWrite()
        // Requests that were sent ahead are taken up when the call stack that gave this answer has ended.
        if inputUsed < input.count, !isFinished { resume() }
    }

    /// The connection ends with an answer that goes on.
    private func stream(_ headers: HTTPHeaders) -> HTTPBodyStream? {
        (keepsAlive, hasStreamed) = (false, true)
        (input, inputUsed) = ([], 0)
        output.append(contentsOf: "HTTP/1.1 200 \(reasonPhrase(200))\r\n".utf8)
        for field in headers.fields { output.append(contentsOf: "\(field.name): \(field.value)\r\n".utf8) }
        // RFC 9112, 6.1: a peer that speaks HTTP/1.0 is sent no transfer coding; the end of the connection ends the body.
        let isChunked = !parser.isHTTP10
        if isChunked { output.append(contentsOf: "transfer-encoding: chunked\r\n".utf8) }
        output.append(contentsOf: "connection: close\r\n\r\n".utf8)
        connection.wantsToWrite()
        guard head?.method != "HEAD" else {
            endStream(lastChunk: false)
            return nil
        }
        guard !isDraining else {
            endStream(lastChunk: isChunked)
            return nil
        }
        let stream = HTTPBodyStream(
            authorizedAt: server.loop.now(),
            append: { [weak self] in self?.append($0, isChunked: isChunked) ?? false },
            finish: { [weak self] in self?.endStream(lastChunk: isChunked) })
        bodyStream = stream
        return stream
    }

    private func append(_ bytes: [UInt8], isChunked: Bool) -> Bool {
        guard server.hasRoom(for: bytes.count, after: output.count + connection.unsentBytes) else { return false }
        if isChunked { output.append(contentsOf: "\(String(bytes.count, radix: 16))\r\n".utf8) }
        output.append(contentsOf: bytes)
        if isChunked { output.append(contentsOf: "\r\n".utf8) }
        connection.wantsToWrite()
        return true
    }

    private func endStream(lastChunk: Bool) {
        if lastChunk { output.append(contentsOf: "0\r\n\r\n".utf8) }
        bodyStream = nil
        exchange = nil
        head = nil
        requestBegan = nil
        isFinished = true
        connection.wantsToWrite()
    }

    /// Goes on with what was sent ahead, in the next round of the loop: others come first.
    private func resume() {
        guard !isResuming else { return }
        isResuming = true
        _ = server.loop.schedule(after: .zero) { [weak self] in
            guard let self else { return }
            isResuming = false
            guard exchange == nil, !isFinished, !isHeldBack else { return }
            parseInput()
            connection.flush()
        }
    }

    /// Answers a request whose body did not begin yet. If one is to come, it may be in flight already, so the connection
    /// ends with this answer.
    private func refuseBeforeBody(_ response: HTTPResponse) {
        if parser.expectsBody { keepsAlive = false }
        write(response, isHead: head?.method == "HEAD")
        head = nil
        requestBegan = nil
        if keepsAlive {
            parser.startOver()
        } else {
            finish()
        }
        connection.wantsToWrite()
    }

    private func refuse(_ reason: HTTPRefusal, _ status: Int, _ text: String) {
        server.counters.refuse(reason)
        keepsAlive = false
        write(
            head.map { server.service.refusal($0, status: status, reason: text) } ?? .text(status, text + "\n"),
            isHead: false)
        finish()
        connection.wantsToWrite()
    }

    private func refuseMalformed(_ failure: HTTP1Parser.Failure) {
        let reason: HTTPRefusal =
            switch failure.status {
            case 431: .headerTooLarge
            case 413: .bodyTooLarge
            default: .malformed
            }
        refuse(reason, failure.status, failure.reason)
    }

    /// Nothing of a request is kept while the peer takes its time with the answer.
    private func finish() {
        releaseBody()
        head = nil
        (input, inputUsed) = ([], 0)
        isFinished = true
    }

    private func write(_ response: HTTPResponse, isHead: Bool) {
        output.append(contentsOf: "HTTP/1.1 \(response.status) \(reasonPhrase(response.status))\r\n".utf8)
        for field in response.headers.fields where field.name != "content-length" {
            output.append(contentsOf: "\(field.name): \(field.value)\r\n".utf8)
        }
        output.append(contentsOf: "content-length: \(response.body.count)\r\n".utf8)
        if !keepsAlive { output.append(contentsOf: "connection: close\r\n".utf8) }
        output.append(contentsOf: "\r\n".utf8)
        if !isHead { output.append(contentsOf: response.body) }
    }
}

func reasonPhrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 411: "Length Required"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 421: "Misdirected Request"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: "Status"
    }
}
