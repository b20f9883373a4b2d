import EventLoop
import Glibc
import Synchronization
import TLS
import Testing

@testable import HTTP

@Suite("HTTP/1.1 client")
struct HTTP1ClientTests {
    let bench: ClientBench
    init() throws { bench = try ClientBench() }

    private func client(_ address: SocketAddress, _ set: (inout HTTPClientOptions) -> Void = { _ in }) -> HTTP1Client {
        var options = bench.options
        set(&options)
        return HTTP1Client(loop: bench.loop, endpoint: HTTPEndpoint(address: address), options: options)
    }

    private func send(
        _ client: HTTP1Client, _ path: String = "/", method: String = "POST", body: [UInt8] = [],
        headers: HTTPHeaders = HTTPHeaders(), deadline: Duration = .seconds(20)
    ) {
        client.send(
            HTTPClientRequest(method: method, path: path, headers: headers, body: body), deadline: deadline
        ) { [bench] in bench.outcomes.append($0) }
    }

    private func peer(_ reply: String, closesOnData: Bool = false) throws -> RawPeer {
        try bench.peer(reply: Array(reply.utf8), closesOnData: closesOnData)
    }

    // MARK: a server of ours

    @Test("A response comes with status, headers and body, and the request as it was sent")
    func roundTrip() throws {
        let address = try bench.serve()
        var seen: RequestHead?
        bench.service.answer = { exchange in
            seen = exchange.head
            return HTTPResponse(status: 404, headers: HTTPHeaders([("x-a", "1"), ("x-a", "2")]), body: [1, 2, 3])
        }
        let client = client(address)
        send(client, "/a%20b?q=1", body: [9, 9], headers: HTTPHeaders([("content-type", "x/y")]))
        #expect(bench.outcomes.isEmpty)
        let response = bench.outcome()?.response
        #expect(response?.status == 404)
        #expect(response?.headers.values("x-a") == ["1", "2"])
        #expect(response?.body == [1, 2, 3])
        #expect(seen?.version == .http1 && seen?.method == "POST" && seen?.path == "/a%20b" && seen?.query == "q=1")
        #expect(seen?.contentLength == 2 && seen?.headers["content-type"] == "x/y")
        #expect(seen?.authority == address.description)
    }

    @Test("Requests one after the other share a connection")
    func keepAlive() throws {
        let client = client(try bench.serve())
        for index in 0..<20 {
            send(client, "/\(index)", body: [UInt8](repeating: UInt8(index), count: 1000))
            #expect(bench.outcome(index)?.response?.headers["x-path"] == "/\(index)")
        }
        #expect(bench.server?.counters.connections.load(ordering: .relaxed) == 1)
    }

    @Test("Many requests at once share a few connections, and each is answered once with its own body")
    func concurrent() throws {
        let client = client(try bench.serve()) { $0.maxConnections = 3 }
        let bodies = (0..<60).map { [UInt8](repeating: UInt8($0), count: 200_000) }
        for body in bodies { send(client, "/\(body[0])", body: body) }
        #expect(client.inFlight == 60)
        #expect(client.queuedBytes == 60 * 200_000)
        #expect(bench.run { bench.outcomes.count == 60 })
        for outcome in bench.outcomes {
            let index = outcome.response?.headers["x-path"]?.dropFirst()
            #expect(outcome.response?.body == index.flatMap { Int($0) }.map { bodies[$0] })
        }
        #expect(bench.server?.counters.connections.load(ordering: .relaxed) == 3)
        #expect(client.inFlight == 0 && client.queuedBytes == 0)
    }

    @Test("Over TLS, with ALPN http/1.1 and a body larger than a record")
    func tls() throws {
        let certificates = Certificates.shared
        let server = try TLSServerContext(
            certificate: certificates.path("server.pem"), key: certificates.path("server.key"))
        let address = try bench.serve(tls: server)
        let trusting = try TLSClientContext(authority: certificates.path("ca.pem"))
        let client = HTTP1Client(
            loop: bench.loop, endpoint: HTTPEndpoint(address: address, tls: trusting), options: bench.options)
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        for _ in 0..<3 { send(client, "/tls", body: body) }
        #expect(bench.run { bench.outcomes.count == 3 })
        #expect(bench.outcomes.allSatisfy { $0.response?.body == body })
    }

    @Test("A deadline ends one request and its connection; others go on")
    func deadline() throws {
        let client = client(try bench.serve())
        send(client, "/hang", deadline: .milliseconds(30))
        let error = bench.outcome()?.error
        #expect(error?.reason == .deadlineExceeded)
        #expect(error?.mayHaveBeenProcessed == true)
        send(client, "/next")
        #expect(bench.outcome(1)?.response?.status == 200)
    }

    // MARK: a scripted peer

    @Test(
        "Bodies end as RFC 9112 says",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n",
                200, "abcde"
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 201 \r\ncontent-length: 0\r\n\r\n",
                201, ""
            ),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
            ("HTTP/1.1 304\r\ncontent-length: 77\r\n\r\n", 304, ""),
        ])
    func bodies(answer: String, status: Int, body: String) throws {
        let client = client(try peer(answer).address)
        send(client, method: "GET")
        let response = bench.outcome()?.response
        #expect(response?.status == status)
        #expect(response?.body == Array(body.utf8))
        #expect(response?.headers["link"] == nil)
    }

    @Test("Without a length the body ends with the connection, which carries nothing more")
    func untilClose() throws {
        let text = Array("HTTP/1.1 200 OK\r\n\r\nall of it".utf8)
        var parser = HTTP1ResponseParser(method: "GET", maxHeaderBytes: 1000, maxBodyBytes: 1000)
        var used = 0
        #expect(try parser.next(text, &used) == .body(text.count - 9..<text.count))
        #expect(try parser.next(text, &used) == .needsMore)
        #expect(parser.mayEndHere)
    }

    @Test("What a server says before it was asked ends the connection, never answers a request")
    func unasked() throws {
        let peer = try bench.peer(greeting: Array("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".utf8))
        let client = client(peer.address) { $0.failsWhenConnectFails = true }
        send(client)
        let first = bench.outcome()
        // Whether it comes before the request or just behind it is the kernel's choice; it is never answered twice.
        #expect(first != nil)
        bench.run {
            bench.loop.runOnce(timeout: .milliseconds(5)); return true
        }
        #expect(bench.outcomes.count == 1)
    }

    @Test(
        "What is no HTTP/1.1 is an error, and nothing is guessed",
        arguments: [
            "SSH-2.0-x\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 101 Upgrade\r\n\r\n",
            "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        ])
    func malformed(answer: String) throws {
        let client = client(try peer(answer).address)
        send(client)
        let error = bench.outcome()?.error
        guard case .notHTTP1? = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.mayHaveBeenProcessed == true)
    }

    @Test("Responses are bounded in body and header")
    func bounds() throws {
        let long = String(repeating: "x", count: 2000)
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n\(long)",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n\(long)\r\n",
            "HTTP/1.1 200 OK\r\nx: \(long)\r\n\r\n",
        ] {
            let count = bench.outcomes.count
            let client = client(try peer(answer).address) {
                $0.maxResponseBytes = 1000
                $0.maxResponseHeaderBytes = 1000
            }
            send(client)
            #expect(bench.outcome(count)?.error?.reason == .responseTooLarge(limit: 1000))
        }
    }

    @Test("What several clients receive is bounded together, and given back with each answer")
    func boundedTogether() throws {
        let memory = ByteBudget(limit: 3000)
        let long = String(repeating: "x", count: 2000)
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n\(long)"
        let stalled = client(try peer("HTTP/1.1 200 OK\r\nContent-Length: 2001\r\n\r\n\(long)").address) {
            $0.responseMemory = memory
        }
        send(stalled)
        #expect(bench.run { memory.used == 2000 })
        let other = client(try peer(whole).address) { $0.responseMemory = memory }
        let count = bench.outcomes.count
        send(other)
        let reason = bench.outcome(count)?.error?.reason
        #expect({ if case .responseTooLarge = reason { true } else { false } }())
        stalled.close()
        #expect(memory.used == 0)
        let later = bench.outcomes.count
        send(other)
        #expect(bench.outcome(later)?.response?.body.count == 2000)
        #expect(memory.used == 0)
    }

    @Test("A connection that ends fails its request, and the next request opens another")
    func lost() throws {
        let peer = try bench.peer(closesOnData: true)
        let client = client(peer.address)
        send(client)
        #expect(bench.outcome()?.error?.reason == .connectionLost("server closed it"))
        #expect(bench.outcome()?.error?.mayHaveBeenProcessed == true)
        send(client)
        #expect(bench.outcome(1)?.error != nil)
        #expect(peer.accepted == 2)
    }

    @Test("'Connection: close' is obeyed")
    func closeHeader() throws {
        let peer = try peer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        let client = client(peer.address)
        for index in 0..<2 {
            send(client)
            #expect(bench.outcome(index)?.response?.status == 200)
        }
        #expect(peer.accepted == 2)
    }

    @Test("Requests wait out a server that is not there yet, unless they are to fail at once")
    func reconnects() throws {
        let address = try bench.deserted()
        let patient = client(address)
        send(patient, "/waited", body: [1])
        let impatient = client(address) { $0.failsWhenConnectFails = true }
        send(impatient)
        guard case .cannotConnect? = bench.outcome()?.error?.reason else {
            Issue.record("\(bench.outcomes)")
            return
        }
        #expect(bench.outcome()?.error?.mayHaveBeenProcessed == false)
        try bench.serve(at: address)
        #expect(bench.outcome(1)?.response?.headers["x-path"] == "/waited")
    }

    @Test("A request whose text could write headers of its own is not sent")
    func injection() throws {
        let peer = try peer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let client = client(peer.address)
        send(client, "/a b")
        send(client, method: "GET /\r\n")
        send(client, headers: HTTPHeaders([("x", "1\r\ny: 2")]))
        #expect(bench.run { bench.outcomes.count == 3 })
        for outcome in bench.outcomes {
            guard case .invalidRequest? = outcome.error?.reason else {
                Issue.record("\(outcome)")
                continue
            }
        }
        #expect(peer.accepted == 0)
    }

    @Test("Closing answers everything at once, what waits and what is on the way; what comes later too")
    func closing() throws {
        let client = client(try bench.serve()) { $0.maxConnections = 2 }
        for _ in 0..<4 { send(client, "/hang") }
        #expect(bench.run { bench.service.kept.count == 2 })
        client.close()
        #expect(bench.outcomes.map { $0.error?.reason } == [.closed, .closed, .closed, .closed])
        send(client)
        #expect(bench.outcome(4)?.error?.reason == .closed)
    }

    @Test("What waits is bounded in number and bytes")
    func queue() throws {
        let client = client(try bench.deserted()) {
            $0.maxWaitingRequests = 3
            $0.maxWaitingBytes = 10
        }
        for count in [8, 3, 0, 0, 0] { send(client, body: [UInt8](repeating: 0, count: count)) }
        #expect(bench.outcomes.isEmpty)
        #expect(bench.run { bench.outcomes.count == 2 })
        #expect(bench.outcomes.allSatisfy { $0.error?.reason == .queueFull })
        #expect(client.inFlight == 3)
    }

    // MARK: the parser

    @Test("A response that arrives byte by byte is read like one in a piece")
    func pieces() throws {
        let text = Array(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                .utf8)
        var parser = HTTP1ResponseParser(method: "GET", maxHeaderBytes: 1000, maxBodyBytes: 1000)
        var input: [UInt8] = []
        var used = 0
        var body: [UInt8] = []
        var isWhole = false
        for byte in text {
            #expect(!isWhole)
            input.append(byte)
            reading: while true {
                switch try parser.next(input, &used) {
                case .needsMore: break reading
                case .body(let range): body += input[range]
                case .end(let isReusable):
                    #expect(isReusable)
                    isWhole = true
                    break reading
                }
            }
        }
        #expect(isWhole && body == Array("abc".utf8) && parser.status == 200 && parser.headers["a"] == "b")
    }
}
