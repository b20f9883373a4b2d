import EventLoop
import Glibc
import Synchronization
import Testing

@testable import HTTP

/// Answers `/stream` with a body that goes on, which the test writes, and everything else with its path.
private final class StreamService: HTTPService {
    var stream: HTTPBodyStream?
    var streams = 0
    var isClosed = false
    var isKeyGood = true
    var isLate = false
    var late: HTTPExchange?

    func authorize(_ head: inout RequestHead) -> HTTPResponse? { isKeyGood ? nil : .text(401, "no\n") }
    func admit(_ head: RequestHead) -> HTTPResponse? { nil }

    func serve(_ exchange: HTTPExchange) {
        guard exchange.head.path == "/stream" else {
            return exchange.respond(.text(200, exchange.head.path))
        }
        streams += 1
        guard !isLate else {
            late = exchange
            return
        }
        stream = exchange.stream(HTTPHeaders([("content-type", "text/event-stream")]))
        stream?.onClose = { [weak self] in self?.isClosed = true }
    }
}

enum Spoken: CaseIterable { case http1, http2 }

/// A server and plain sockets to it, driven by turns on the test's thread.
private final class StreamBench {
    let loop: EventLoop
    let service = StreamService()
    let server: HTTPServer
    let budget = ByteBudget(limit: 64 << 20)
    private var sockets: [Int32] = []

    init(_ change: (inout HTTPLimits) -> Void = { _ in }) throws {
        loop = try EventLoop()
        var limits = HTTPLimits()
        change(&limits)
        server = try HTTPServer(
            loop: loop, address: .loopback(port: 0), limits: limits, memory: BodyMemory(loop: loop, budget: budget),
            service: service)
    }

    deinit {
        for fd in sockets { close(fd) }
        server.close()
    }

    /// Asks for the stream and runs until it is there.
    func open(_ spoken: Spoken, smallBuffer: Bool = false) throws -> Int32 {
        let fd = try Socket.connect(server.localAddress)
        sockets.append(fd)
        if smallBuffer {
            setReceiveBuffer(fd, 4 << 10)
        }
        try write(fd, spoken == .http1 ? Array("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n".utf8) : Self.http2Request)
        let streams = service.streams
        try run { service.streams > streams }
        return fd
    }

    private func setReceiveBuffer(_ fd: Int32, _ bytes: Int32) {
        var size = bytes
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The preface, and GET /stream with indexed fields, a literal path and a literal authority.
    private static var http2Request: [UInt8] {
        let path = Array("/stream".utf8)
        let block = [0x82, 0x86, 0x04, UInt8(path.count)] + path + [0x01, 0x01, 0x61]
        return FirstBytes.preface + RawPeer.frame(4) + RawPeer.frame(1, flags: 5, stream: 1, block)
    }

    func write(_ fd: Int32, _ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0 { try #require(errno == EAGAIN || errno == EINTR || errno == ENOTCONN) }
            loop.runOnce(timeout: .milliseconds(1))
        }
    }

    /// Runs the loop until `condition` holds.
    func run(until condition: () -> Bool) throws {
        let deadline = MonotonicTime.now() + .seconds(10)
        while !condition() {
            try #require(MonotonicTime.now() < deadline, "what was waited for did not happen")
            loop.runOnce(timeout: .milliseconds(5))
        }
    }

    /// Runs the loop until `fd` was sent what `isEnough` wants, or was closed by the server.
    func read(_ fd: Int32, until isEnough: (String) -> Bool) throws -> (text: String, isClosed: Bool) {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var text = ""
        var isClosed = false
        try run {
            let count = recv(fd, &buffer, buffer.count, 0)
            if count > 0 { received.append(contentsOf: buffer[..<count]) }
            text = String(decoding: received, as: UTF8.self)
            isClosed = count == 0 || (count < 0 && errno == ECONNRESET)
            return isClosed || isEnough(text)
        }
        return (text, isClosed)
    }

    /// Runs the loop until so many bytes were read from `fd`.
    func skip(_ fd: Int32, _ bytes: Int) throws {
        setReceiveBuffer(fd, 1 << 20)
        var left = bytes
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        try run {
            left -= max(0, recv(fd, &buffer, buffer.count, 0))
            return left <= 0
        }
    }

    /// Writes pieces until one is refused or there were `most`, and gives the loop its turn after each. Returns how many.
    func flood(most: Int = 20_000) -> Int {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 4096)
        for count in 0..<most {
            guard service.stream?.write(piece) == true else { return count }
            loop.runOnce(timeout: .zero)
        }
        return most
    }
}

@Suite struct HTTPBodyStreamTests {
    @Test("Over HTTP/1.1 each piece arrives as it was written, and the end ends the connection")
    func piecesOverHTTP1() throws {
        let bench = try StreamBench()
        let fd = try bench.open(.http1)
        let head = try bench.read(fd) { $0.hasSuffix("\r\n\r\n") }.text
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(head.contains("transfer-encoding: chunked\r\n") && head.contains("connection: close\r\n"))
        #expect(!head.contains("content-length"))
        for piece in ["data: 1\n\n", "data: twenty-two letters\n\n"] {
            #expect(bench.service.stream?.write(Array(piece.utf8)) == true)
            let chunk = "\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n"
            #expect(try bench.read(fd) { $0.utf8.count >= chunk.utf8.count }.text == chunk)
        }
        #expect(!bench.service.isClosed)
        bench.service.stream?.end()
        #expect(bench.service.isClosed)
        #expect(bench.service.stream?.write([1]) == false)
        let rest = try bench.read(fd) { _ in false }
        #expect(rest.text == "0\r\n\r\n" && rest.isClosed)
    }

    @Test("Over HTTP/2 each piece arrives as it was written, beside other answers, and the end ends the stream")
    func piecesOverHTTP2() throws {
        let bench = try StreamBench()
        let client = HTTPClient(loop: bench.loop, endpoint: HTTPEndpoint(address: bench.server.localAddress))
        defer { client.close() }
        var received: [String] = []
        var outcome: Result<HTTPClientResponse, HTTPClientError>?
        client.stream(
            HTTPClientRequest(method: "GET", path: "/stream"), deadline: .seconds(10),
            onBytes: { received.append(String(decoding: $0, as: UTF8.self)) }, { outcome = $0 })
        try bench.run { bench.service.stream != nil }
        for number in 1...3 {
            #expect(bench.service.stream?.write(Array("data: \(number)\n\n".utf8)) == true)
            try bench.run { received.count == number }
            #expect(received.last == "data: \(number)\n\n")
            var other: HTTPClientResponse?
            client.send(HTTPClientRequest(method: "GET", path: "/other"), deadline: .seconds(10)) {
                other = try? $0.get()
            }
            try bench.run { other != nil }
            #expect(other?.body == Array("/other".utf8))
        }
        #expect(outcome == nil)
        bench.service.stream?.end()
        try bench.run { outcome != nil }
        let response = try #require(outcome).get()
        #expect(response.status == 200 && response.body.isEmpty)
        #expect(response.headers["content-type"] == "text/event-stream" && response.headers["content-length"] == nil)
        #expect(received.count == 3)
    }

    @Test("A reader that takes nothing is behind, what waits for it is bounded and counted", arguments: Spoken.allCases)
    func slowReader(_ spoken: Spoken) throws {
        let bench = try StreamBench()
        let fd = try bench.open(spoken, smallBuffer: true)
        let before = bench.budget.used
        let taken = bench.flood()
        #expect(taken > HTTPBodyStream.maximumUnsentBytes / 4096 / 2 && taken < 20_000)
        // Refused once, it stays refused, and nothing grows.
        #expect(bench.flood() == 0)
        let unsent = bench.server.counters.unsentBytes.load(ordering: .relaxed)
        #expect(unsent > HTTPBodyStream.maximumUnsentBytes / 2)
        #expect(unsent <= HTTPBodyStream.maximumUnsentBytes + (8 << 10))
        #expect(bench.budget.used - before == unsent)
        #expect(!bench.service.isClosed)
        // Once it reads, the rest comes and there is room again.
        if spoken == .http1 {
            try bench.skip(fd, taken * 4096)
            #expect(bench.service.stream?.write([1]) == true)
            try bench.run { bench.server.counters.unsentBytes.load(ordering: .relaxed) == 0 }
            #expect(bench.budget.used == before)
        } else {
            // RFC 9113, 6.9: more room for stream 1 and for the connection.
            let more: [UInt8] = [0, 16, 0, 0]
            try bench.write(fd, RawPeer.frame(8, stream: 1, more) + RawPeer.frame(8, more))
            try bench.skip(fd, taken * 4096)
            #expect(bench.service.stream?.write([1]) == true)
        }
    }

    @Test("A peer that goes is noticed without anything being written", arguments: Spoken.allCases)
    func peerGoes(_ spoken: Spoken) throws {
        let bench = try StreamBench()
        let fd = try bench.open(spoken)
        shutdown(fd, Int32(SHUT_WR))
        try bench.run { bench.service.isClosed }
        #expect(bench.service.stream?.isOpen == false)
        #expect(bench.service.stream?.write([1]) == false)
        try bench.run { bench.server.counters.openConnections.load(ordering: .relaxed) == 0 }
    }

    @Test("A reset of the stream over HTTP/2 ends it alone")
    func reset() throws {
        let bench = try StreamBench()
        let fd = try bench.open(.http2)
        try bench.write(fd, RawPeer.reset(1, code: 8))
        try bench.run { bench.service.isClosed }
        #expect(bench.server.counters.openConnections.load(ordering: .relaxed) == 1)
    }

    @Test("A server that stops ends the stream at once and does not wait for it", arguments: Spoken.allCases)
    func drains(_ spoken: Spoken) throws {
        let bench = try StreamBench()
        let fd = try bench.open(spoken)
        var isDrained = false
        bench.server.drain(grace: .seconds(60)) { isDrained = true }
        #expect(bench.service.isClosed)
        let rest = try bench.read(fd) { _ in false }
        #expect(rest.isClosed)
        if spoken == .http1 { #expect(rest.text.hasSuffix("\r\n0\r\n\r\n")) }
        try bench.run { isDrained }
    }

    @Test("A stream that is to begin while the server stops ends at once", arguments: Spoken.allCases)
    func beginsLate(_ spoken: Spoken) throws {
        let bench = try StreamBench()
        bench.service.isLate = true
        let fd = try bench.open(spoken)
        let exchange = try #require(bench.service.late)
        var isDrained = false
        bench.server.drain(grace: .seconds(60)) { isDrained = true }
        #expect(!isDrained)
        #expect(exchange.stream(HTTPHeaders()) == nil)
        #expect(try bench.read(fd) { _ in false }.isClosed)
        shutdown(fd, Int32(SHUT_RDWR))
        try bench.run { isDrained }
    }

    @Test("A reader that takes nothing does not hold up a server that stops", arguments: Spoken.allCases)
    func drainsWithSlowReader(_ spoken: Spoken) throws {
        let bench = try StreamBench { $0.writeTimeout = .seconds(5) }
        _ = try bench.open(spoken, smallBuffer: true)
        _ = bench.flood()
        var isDrained = false
        bench.server.drain(grace: .seconds(60)) { isDrained = true }
        #expect(bench.service.isClosed)
        try bench.run { isDrained }
    }

    @Test("A stream without anything to say is not idle", arguments: Spoken.allCases)
    func silence(_ spoken: Spoken) throws {
        let bench = try StreamBench {
            $0.idleTimeout = .milliseconds(100)
            $0.writeTimeout = .milliseconds(100)
        }
        _ = try bench.open(spoken)
        // Another one, which came later, is closed for that.
        let idle = try Socket.connect(bench.server.localAddress)
        defer { close(idle) }
        try bench.run { bench.server.counters.openConnections.load(ordering: .relaxed) == 2 }
        try bench.write(idle, Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        try bench.run { bench.server.counters.refused(.idle) == 1 }
        #expect(!bench.service.isClosed)
        #expect(bench.service.stream?.write([1]) == true)
    }

    @Test("A reader that takes nothing of what waits is dropped after the write timeout", arguments: Spoken.allCases)
    func stalls(_ spoken: Spoken) throws {
        let bench = try StreamBench { $0.writeTimeout = .milliseconds(200) }
        _ = try bench.open(spoken, smallBuffer: true)
        _ = bench.flood()
        try bench.run { bench.service.isClosed }
        #expect(bench.server.counters.refused(.writeStalled) == 1)
    }

    @Test("A key that is not good any more ends the stream", arguments: Spoken.allCases)
    func revoked(_ spoken: Spoken) throws {
        let bench = try StreamBench {
            $0.authorizeAgainAfter = .zero
            $0.headerTimeout = .milliseconds(100)
        }
        let fd = try bench.open(spoken)
        bench.service.isKeyGood = false
        try bench.run { bench.service.isClosed }
        if spoken == .http1 { #expect(try bench.read(fd) { _ in false }.text.hasSuffix("0\r\n\r\n")) }
    }

    @Test("HEAD is answered without a body, and a peer of HTTP/1.0 without chunks")
    func otherRequests() throws {
        let bench = try StreamBench()
        let head = try Socket.connect(bench.server.localAddress)
        let old = try Socket.connect(bench.server.localAddress)
        defer {
            close(head)
            close(old)
        }
        try bench.run { bench.server.counters.openConnections.load(ordering: .relaxed) == 2 }
        try bench.write(head, Array("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        let answer = try bench.read(head) { _ in false }
        #expect(answer.text.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.text.hasSuffix("\r\n\r\n") && answer.isClosed)
        #expect(bench.service.stream == nil)

        try bench.write(old, Array("GET /stream HTTP/1.0\r\n\r\n".utf8))
        try bench.run { bench.service.stream != nil }
        #expect(bench.service.stream?.write(Array("data: 1\n\n".utf8)) == true)
        bench.service.stream?.end()
        let body = try bench.read(old) { _ in false }
        #expect(body.text.hasSuffix("connection: close\r\n\r\ndata: 1\n\n") && body.isClosed)
        #expect(!body.text.contains("transfer-encoding"))
    }

    @Test("Over everything that waits for peers together a stream is behind, too")
    func serverIsFull() throws {
        let bench = try StreamBench { $0.maxUnsentBytes = 16 << 10 }
        _ = try bench.open(.http2, smallBuffer: true)
        // What flow control lets pass, one piece over the limit, and none after it.
        _ = bench.flood()
        let unsent = bench.server.counters.unsentBytes.load(ordering: .relaxed)
        #expect(unsent > 16 << 10 && unsent <= 24 << 10)
    }
}
