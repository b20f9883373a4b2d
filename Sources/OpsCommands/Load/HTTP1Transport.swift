import EventLoop
import HTTP
import Glibc

/// One keep-alive HTTP/1.1 connection with one request at a time. Connects again after a failure.
final class HTTP1Transport: LoadTransport {
    private let address: SocketAddress
    private let loop: EventLoop
    private let deadline: Duration
    private let headerLines: String
    private var descriptor: Int32 = -1
    private var watch: Watch?
    private var output: [UInt8] = []
    private var written = 0
    private var input: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    private var timer: Timer?
    private var done: ((LoadOutcome) -> Void)?

    /// An export answer is tiny; more than this is not one.
    private static let longestAnswer = 64 << 10

    init(to address: SocketAddress, headers: HTTPHeaders, on loop: EventLoop, deadline: Duration) {
        headerLines = headers.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        self.address = address
        self.loop = loop
        self.deadline = deadline
    }

    func send(_ request: [UInt8], _ done: @escaping (LoadOutcome) -> Void) {
        precondition(self.done == nil, "HTTP/1.1 carries one request at a time")
        self.done = done
        let head =
            "POST /v1/traces HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/x-protobuf\r\n\(headerLines)"
            + "Content-Length: \(request.count)\r\n\r\n"
        output = Array(head.utf8) + request
        written = 0
        input.removeAll(keepingCapacity: true)
        timer = loop.schedule(after: deadline) { [weak self] in self?.fail("no answer in time") }
        if let watch {
            watch.update([.read, .write])
            return
        }
        do {
            descriptor = try Socket.connect(address)
            watch = try loop.watch(descriptor, [.read, .write]) { [weak self] in self?.progress($0) }
        } catch {
            let reason = error.reason
            _ = loop.schedule(after: .zero) { [weak self] in self?.fail(reason) }
        }
    }

    private var host: String {
        if case .unix = address.host { return "localhost" }
        return address.description
    }

    func close() {
        watch?.cancel()
        watch = nil
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private func progress(_ readiness: Readiness) {
        if readiness.hungUp, let code = Socket.connectError(descriptor) {
            return fail(SystemError("", code: code).reason)
        }
        if readiness.writable, written < output.count { writeMore() }
        if readiness.readable, watch != nil { readMore() }
    }

    private func writeMore() {
        let count = output[written...].withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        let code = errno
        if count >= 0 {
            written += count
            if written == output.count { watch?.update(.read) }
        } else if code != EAGAIN, code != EINTR {
            fail(SystemError("", code: code).reason)
        }
    }

    private func readMore() {
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        let code = errno
        if count < 0 {
            if code != EAGAIN, code != EINTR { fail(SystemError("", code: code).reason) }
            return
        }
        guard count > 0 else { return fail("connection closed") }
        input += buffer[..<count]
        guard done != nil else { return fail("answer without request") }
        switch HTTP1Answer.parse(input) {
        case .incomplete:
            if input.count > Self.longestAnswer { fail("answer is too long") }
        case .malformed:
            fail("answer is not HTTP/1.1 with a length")
        case .whole(let status, let body, let closes):
            if closes { close() }
            finish(ExportAnswer.outcome(httpStatus: status, body: body))
        }
    }

    private func fail(_ reason: String) {
        close()
        finish(.failed(reason))
    }

    private func finish(_ outcome: LoadOutcome) {
        timer?.cancel()
        timer = nil
        let done = done
        self.done = nil
        done?(outcome)
    }
}
