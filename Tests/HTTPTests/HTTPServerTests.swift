import EventLoop
import Glibc
import Synchronization
import Testing

@testable import HTTP

/// Answers at once with what it got, or keeps the exchange when asked for `/later`.
private final class EchoService: HTTPService {
    var kept: [HTTPExchange] = []

    func admit(_ head: RequestHead) -> HTTPResponse? {
        head.path == "/missing" ? .text(404, "nothing here\n") : nil
    }

    func serve(_ exchange: HTTPExchange) {
        if exchange.head.path == "/later" {
            kept.append(exchange)
        } else {
            exchange.respond(HTTPResponse(status: 200, body: exchange.body))
        }
    }
}

/// A server on its own loop and a plain socket to it, driven by turns on the test's thread.
private final class Bench {
    let loop: EventLoop
    let service = EchoService()
    let server: HTTPServer
    private var sockets: [Int32] = []

    init(budget: ByteBudget = ByteBudget(limit: .max), _ change: (inout HTTPLimits) -> Void = { _ in }) throws {
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

    func connect() throws -> Int32 {
        let fd = try Socket.connect(server.localAddress)
        sockets.append(fd)
        return fd
    }

    func send(_ fd: Int32, _ text: String) { send(fd, Array(text.utf8)) }

    func send(_ fd: Int32, _ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0, errno != EAGAIN, errno != EINTR, errno != ENOTCONN { return }
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
    func read(_ fd: Int32, until isEnough: (String) -> Bool) -> (text: String, isClosed: Bool) {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let deadline = MonotonicTime.now() + .seconds(10)
        while MonotonicTime.now() < deadline {
            let count = recv(fd, &buffer, buffer.count, 0)
            if count > 0 { received.append(contentsOf: buffer[..<count]) }
            let text = String(decoding: received, as: UTF8.self)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return (text, true) }
            if isEnough(text) { return (text, false) }
            if count < 0 { loop.runOnce(timeout: .milliseconds(5)) }
        }
        Issue.record("the server sent only: \(String(decoding: received, as: UTF8.self))")
        return ("", false)
    }
}

/// Frames of HTTP/2, written by hand to do what no client would.
private enum Frame {
    static let preface = FirstBytes.preface + frame(type: 4, flags: 0, stream: 0, [])

    static func frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let length = UInt32(payload.count)
        return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + [24, 16, 8, 0].map { UInt8(stream >> $0 & 255) } + payload
    }

    /// A POST to `/` whose body is still to come: indexed fields and a literal authority.
    static func post(stream: UInt32) -> [UInt8] {
        frame(type: 1, flags: 4, stream: stream, [0x83, 0x84, 0x86, 0x01, 0x01, 0x61])
    }
}

@Suite struct HTTPServerTests {
    @Test("Requests that were sent ahead are answered in order on one connection")
    func pipelining() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(
            fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\noneGET /missing HTTP/1.1\r\nHost: a\r\n\r\n")
        bench.send(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n")
        let answer = bench.read(fd) { $0.hasSuffix("three") }
        #expect(answer.text.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) } == ["200", "404", "200"])
        #expect(!answer.isClosed)
    }

    @Test("An answer that comes later does not let a second request overtake")
    func lateAnswers() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(
            fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nno")
        try bench.run { !bench.service.kept.isEmpty }
        let exchange = try #require(bench.service.kept.first)
        exchange.respond(HTTPResponse(status: 200, body: Array("first".utf8)))
        exchange.respond(HTTPResponse(status: 500))
        let answer = bench.read(fd) { $0.hasSuffix("no") }
        #expect(answer.text.contains("first"))
        #expect(!answer.text.contains("500"))
    }

    @Test("An answer to a peer that has left over HTTP/2 is dropped")
    func answerAfterLeaving() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        // GET /later, with a literal path and authority.
        let path = Array("/later".utf8)
        bench.send(
            fd,
            Frame.preface
                + Frame.frame(
                    type: 1, flags: 5, stream: 1, [0x82, 0x86, 0x04, UInt8(path.count)] + path + [0x01, 0x01, 0x61]))
        try bench.run { !bench.service.kept.isEmpty }
        shutdown(fd, Int32(SHUT_RDWR))
        let exchange = bench.service.kept[0]
        try bench.run { !exchange.isOpen }
        exchange.respond(HTTPResponse(status: 200))
        #expect(bench.server.counters.openConnections.load(ordering: .relaxed) == 0)
    }

    @Test("A peer that has ended its side still gets the answer that it waits for")
    func halfClose() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        try bench.run { !bench.service.kept.isEmpty }
        shutdown(fd, Int32(SHUT_WR))
        for _ in 0..<3 { bench.loop.runOnce(timeout: .milliseconds(1)) }
        bench.service.kept[0].respond(HTTPResponse(status: 200, body: Array("late".utf8)))
        let answer = bench.read(fd) { _ in false }
        #expect(answer.text.hasSuffix("late"))
    }

    @Test("A thousand requests sent ahead are all answered, in portions")
    func longPipeline() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        let body = String(repeating: "b", count: 1000)
        let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + body
        bench.send(fd, String(repeating: request, count: 1000))
        let answer = bench.read(fd) { $0.utf8.count >= 1_000_000 && $0.hasSuffix(body) && count($0) == 1000 }
        #expect(count(answer.text) == 1000)
    }

    private func count(_ text: String) -> Int { text.split(separator: "HTTP/1.1 200").count }

    @Test("A window that stays closed ends the connection")
    func zeroWindow() throws {
        let bench = try Bench { $0.writeTimeout = .milliseconds(50) }
        let fd = try bench.connect()
        // SETTINGS with INITIAL_WINDOW_SIZE 0, then a request whose answer has a body.
        let settings = Frame.frame(type: 4, flags: 0, stream: 0, [0, 4, 0, 0, 0, 0])
        let post = Frame.post(stream: 1) + Frame.frame(type: 0, flags: 1, stream: 1, Array("body".utf8))
        bench.send(fd, FirstBytes.preface + settings + post)
        #expect(bench.read(fd) { _ in false }.isClosed)
        #expect(bench.server.counters.refused(.writeStalled) == 1)
    }

    @Test("Answers that a peer does not take are counted until it leaves")
    func unsentBytes() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        let settings = Frame.frame(type: 4, flags: 0, stream: 0, [0, 4, 0, 0, 0, 0])
        let body = [UInt8](repeating: 1, count: 5000)
        let post = Frame.post(stream: 1) + Frame.frame(type: 0, flags: 1, stream: 1, body)
        bench.send(fd, FirstBytes.preface + settings + post)
        try bench.run { bench.server.counters.unsentBytes.load(ordering: .relaxed) == 5000 }
        shutdown(fd, Int32(SHUT_RDWR))
        try bench.run { bench.server.counters.openConnections.load(ordering: .relaxed) == 0 }
        #expect(bench.server.counters.unsentBytes.load(ordering: .relaxed) == 0)
    }

    @Test("Expect: 100-continue is answered before the body comes")
    func expectContinue() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        #expect(bench.read(fd) { $0.contains("100 Continue\r\n\r\n") }.text.hasPrefix("HTTP/1.1 100"))
        bench.send(fd, "body")
        #expect(bench.read(fd) { $0.hasSuffix("body") }.text.hasPrefix("HTTP/1.1 200"))
    }

    @Test("A body over the limit is refused by its length alone, and in chunks as soon as it passes the limit")
    func bodyLimit() throws {
        let bench = try Bench { $0.maxBodyBytes = 1000 }
        let fd = try bench.connect()
        bench.send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
        #expect(bench.read(fd) { _ in false }.text.hasPrefix("HTTP/1.1 413"))
        let chunked = try bench.connect()
        bench.send(chunked, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "1f4\r\n" + String(repeating: "x", count: 500) + "\r\n"
        bench.send(chunked, chunk + chunk + chunk)
        #expect(bench.read(chunked) { _ in false }.text.hasPrefix("HTTP/1.1 413"))
        #expect(bench.server.counters.refused(.bodyTooLarge) == 2)
        #expect(bench.server.counters.bufferedBytes.load(ordering: .relaxed) == 0)
    }

    @Test("Bodies that are received at once are bounded together")
    func bufferLimit() throws {
        // What two connections and two requests cost by themselves, and room for one and a half of the bodies.
        let budget = ByteBudget(limit: 8 << 10 + 3000)
        let bench = try Bench(budget: budget)
        let first = try bench.connect()
        let second = try bench.connect()
        let thousand = String(repeating: "x", count: 1000)
        bench.send(first, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + thousand)
        try bench.run { bench.server.counters.bufferedBytes.load(ordering: .relaxed) >= 1000 }
        bench.send(second, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + thousand)
        #expect(bench.read(second) { _ in false }.text.hasPrefix("HTTP/1.1 503"))
        #expect(bench.server.counters.refused(.buffersFull) == 1)
        shutdown(first, Int32(SHUT_RDWR))
        shutdown(second, Int32(SHUT_RDWR))
        try bench.run { budget.used == 0 }
    }

    @Test("Where memory is short all large bodies but the oldest wait unread, and go on when it is complete")
    func slowsDown() throws {
        let budget = ByteBudget(limit: 440_000)
        let bench = try Bench(budget: budget)
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 260000\r\n\r\n"
        let first = try bench.connect()
        let second = try bench.connect()
        bench.send(first, head + String(repeating: "a", count: 200_000))
        try bench.run { bench.server.counters.bufferedBytes.load(ordering: .relaxed) == 200_000 }
        bench.send(second, head + String(repeating: "b", count: 130_000))
        try bench.run { budget.isTight }
        // The rest of the second is left in its socket, that of the first is taken.
        bench.send(first, String(repeating: "a", count: 60_000))
        #expect(bench.read(first) { $0.utf8.count > 260_000 }.text.hasPrefix("HTTP/1.1 200"))
        bench.send(second, String(repeating: "b", count: 130_000))
        #expect(bench.read(second) { $0.utf8.count > 260_000 }.text.hasPrefix("HTTP/1.1 200"))
        #expect(bench.server.counters.refused(.buffersFull) == 0)
    }

    @Test("A small request passes at the cost of a large one where memory is full")
    func prefersSmallRequests() throws {
        let budget = ByteBudget(limit: 2_000_000)
        let bench = try Bench(budget: budget)
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
        let stalled = try (0..<2).map { _ in try bench.connect() }
        for fd in stalled { bench.send(fd, head + String(repeating: "x", count: 170_000)) }
        try bench.run { bench.server.counters.bufferedBytes.load(ordering: .relaxed) >= 340_000 }
        // Others take the rest, but for less than the small one needs.
        budget.take(budget.limit - budget.used - 30_000)
        let small = try bench.connect()
        let body = String(repeating: "y", count: 30_000)
        bench.send(small, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" + body)
        #expect(bench.read(small) { $0.hasSuffix(body) }.text.hasPrefix("HTTP/1.1 200"))
        #expect(bench.read(stalled[1]) { _ in false }.text.hasPrefix("HTTP/1.1 503"))
    }

    @Test("A large body that stops where memory is short is refused")
    func refusesStalledBodies() throws {
        let bench = try Bench(budget: ByteBudget(limit: 200_000))
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 190000\r\n\r\n"
        let stalled = try bench.connect()
        bench.send(stalled, head + String(repeating: "x", count: 140_000))
        #expect(bench.read(stalled) { _ in false }.text.hasPrefix("HTTP/1.1 503"))
    }

    @Test("A peer that sends nothing, half a header or a slow body is given up in time")
    func timeouts() throws {
        let bench = try Bench { $0.headerTimeout = .milliseconds(50) }
        let silent = try bench.connect()
        let half = try bench.connect()
        let slow = try bench.connect()
        bench.send(half, "POST / HTTP/1.1\r\nHo")
        bench.send(slow, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nx")
        #expect(bench.read(silent) { _ in false }.isClosed)
        #expect(bench.read(half) { _ in false }.text.hasPrefix("HTTP/1.1 408"))
        #expect(bench.read(slow) { _ in false }.isClosed)
    }

    @Test("Connections over the limit are closed at once, and room is used again")
    func connectionLimit() throws {
        let bench = try Bench { $0.maxConnections = 1 }
        let first = try bench.connect()
        bench.send(first, "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = bench.read(first) { $0.contains("nothing here") }
        let second = try bench.connect()
        #expect(bench.read(second) { _ in false }.isClosed)
        shutdown(first, Int32(SHUT_RDWR))
        try bench.run { bench.server.counters.openConnections.load(ordering: .relaxed) == 0 }
        let third = try bench.connect()
        bench.send(third, "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(bench.read(third) { $0.contains("nothing here") }.text.hasPrefix("HTTP/1.1 404"))
    }

    @Test("TLS bytes on a plain port end the connection and are counted")
    func tlsOnPlainPort() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(fd, [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC])
        #expect(bench.read(fd) { _ in false }.isClosed)
        #expect(bench.server.counters.refused(.tls) == 1)
    }

    @Test(
        "Floods of frames that cost work are cut off and counted",
        arguments: [
            (HTTPRefusal.settingsFlood, Frame.frame(type: 4, flags: 0, stream: 0, []), 5000),
            (.pingFlood, Frame.frame(type: 6, flags: 1, stream: 0, [0, 0, 0, 0, 0, 0, 0, 0]), 5000),
            (.priorityFlood, Frame.frame(type: 2, flags: 0, stream: 3, [0, 0, 0, 0, 9]), 20_000),
            (.emptyDataFlood, Frame.frame(type: 0, flags: 0, stream: 1, []), 500),
        ])
    func floods(reason: HTTPRefusal, frame: [UInt8], count: Int) throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(fd, Frame.preface + Frame.post(stream: 1))
        var burst: [UInt8] = []
        for _ in 0..<count { burst += frame }
        bench.send(fd, burst)
        #expect(bench.read(fd) { _ in false }.isClosed)
        #expect(bench.server.counters.refused(reason) == 1)
    }

    @Test("Streams that a peer makes us reset are limited (window overflow on each)")
    func provokedResets() throws {
        let bench = try Bench { $0.maxProvokedResets = 100 }
        let fd = try bench.connect()
        var bytes = Frame.preface
        for index in 0..<400 {
            let stream = UInt32(2 * index + 1)
            bytes += Frame.post(stream: stream)
            bytes += Frame.frame(type: 8, flags: 0, stream: stream, [0x7F, 0xFF, 0xFF, 0xFF])
        }
        bench.send(fd, bytes)
        #expect(bench.read(fd) { _ in false }.isClosed)
        #expect(bench.server.counters.refused(.resetFlood) == 1)
    }

    @Test("Whole requests wait while the peer takes no answers, and are served when it does")
    func defersRequests() throws {
        let bench = try Bench { $0.maxOutputBytes = 10_000 }
        let fd = try bench.connect()
        // Windows of answers that are closed.
        bench.send(fd, FirstBytes.preface + Frame.frame(type: 4, flags: 0, stream: 0, [0, 4, 0, 0, 0, 0]))
        let body = [UInt8](repeating: 0x78, count: 8000)
        let streams: [UInt32] = [1, 3, 5]
        for stream in streams {
            bench.send(fd, Frame.post(stream: stream) + Frame.frame(type: 0, flags: 1, stream: stream, body))
        }
        try bench.run { bench.server.counters.unsentBytes.load(ordering: .relaxed) >= 16_000 }
        #expect(bench.server.counters.unsentBytes.load(ordering: .relaxed) < 24_000)
        for stream in streams {
            bench.send(fd, Frame.frame(type: 8, flags: 0, stream: stream, [0, 0, 0x7F, 0xFF]))
        }
        let answers = bench.read(fd) { $0.utf8.count { $0 == 0x78 } >= 24_000 }
        #expect(!answers.isClosed)
    }

    @Test("A drain lets the open request end and then closes")
    func drains() throws {
        let bench = try Bench()
        let fd = try bench.connect()
        bench.send(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        try bench.run { !bench.service.kept.isEmpty }
        var isDrained = false
        bench.server.drain(grace: .seconds(60)) { isDrained = true }
        bench.loop.runOnce(timeout: .milliseconds(5))
        #expect(!isDrained)
        bench.service.kept[0].respond(HTTPResponse(status: 200, body: Array("done".utf8)))
        let answer = bench.read(fd) { _ in false }
        #expect(answer.text.hasSuffix("done"))
        #expect(answer.text.contains("connection: close"))
        shutdown(fd, Int32(SHUT_RDWR))
        try bench.run { isDrained }
    }
}
