import EventLoop
import Glibc
import HTTP
import Synchronization
import TLS
import Testing

@Suite("HTTP/2 client")
struct HTTPClientTests {
    let bench: ClientBench
    init() throws { bench = try ClientBench() }

    @Test("A response comes with status, headers, body and trailers")
    func response() throws {
        bench.service.answer = { exchange in
            HTTPResponse(
                status: 404, headers: HTTPHeaders([("x-a", "1"), ("x-a", "2"), ("x-method", exchange.head.method)]),
                body: [1, 2, 3], trailers: HTTPHeaders([("grpc-status", "5")]))
        }
        bench.connect(try bench.serve())
        bench.send("/v1/traces?x=1", method: "GET")
        let response = bench.outcome()?.response
        #expect(response?.status == 404)
        #expect(response?.headers.values("x-a") == ["1", "2"])
        #expect(response?.headers["x-method"] == "GET")
        #expect(response?.headers["grpc-status"] == nil)
        #expect(response?.body == [1, 2, 3])
        #expect(response?.trailers == HTTPHeaders([("grpc-status", "5")]))
    }

    @Test("The request arrives as it was sent, with its length and authority")
    func request() throws {
        let address = try bench.serve()
        var seen: RequestHead?
        bench.service.answer = { exchange in
            seen = exchange.head
            return HTTPResponse(status: 204)
        }
        bench.connect(address)
        bench.client?.send(
            HTTPClientRequest(
                method: "POST", path: "/a%20b?q=1", headers: HTTPHeaders([("content-type", "x/y")]), body: [1, 2]),
            deadline: .seconds(20)
        ) { [bench] in bench.outcomes.append($0) }
        #expect(bench.outcome()?.response?.status == 204)
        #expect(seen?.method == "POST" && seen?.path == "/a%20b" && seen?.query == "q=1")
        #expect(seen?.contentLength == 2)
        #expect(seen?.headers["content-type"] == "x/y")
        #expect(seen?.authority == address.description)
    }

    @Test("Many requests share one connection, more of them than it has streams")
    func concurrent() throws {
        bench.connect(try bench.serve())
        for index in 0..<200 { bench.send("/\(index)", body: Array(repeating: UInt8(index), count: 100)) }
        #expect(bench.client?.inFlight == 200)
        #expect(bench.run { bench.outcomes.count == 200 })
        let paths = Set(bench.outcomes.compactMap { $0.response?.headers["x-path"] })
        #expect(paths.count == 200)
        #expect(bench.outcomes.allSatisfy { $0.response?.body.count == 100 })
        #expect(bench.server?.counters.connections.load(ordering: .relaxed) == 1)
        #expect(bench.client?.inFlight == 0)
        #expect(bench.client?.queuedBytes == 0)
    }

    @Test("A body of 8 MiB goes there and back, beside others")
    func bigBodies() throws {
        bench.connect(try bench.serve())
        let body = (0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 5) }
        bench.send("/big", body: body)
        bench.send("/small", body: [1])
        bench.send("/big", body: body)
        #expect(bench.run { bench.outcomes.count == 3 })
        let bodies = bench.outcomes.compactMap { $0.response?.body }.sorted { $0.count < $1.count }
        #expect(bodies.map(\.count) == [1, 8 << 20, 8 << 20])
        #expect(bodies.last == body)
    }

    @Test("A deadline ends one request and resets its stream; the connection goes on")
    func deadline() throws {
        bench.connect(try bench.serve())
        bench.send("/hang", deadline: .milliseconds(30))
        let error = bench.outcome()?.error
        #expect(error?.reason == .deadlineExceeded)
        #expect(error?.mayHaveBeenProcessed == true)
        bench.send("/next")
        #expect(bench.outcome(1)?.response?.status == 200)
        #expect(bench.run { bench.service.kept.first?.isOpen == false })
        #expect(bench.server?.counters.connections.load(ordering: .relaxed) == 1)
    }

    @Test("A deadline without a connection tells why there is none, and that the request was not sent")
    func deadlineWhileConnecting() throws {
        let address = try bench.deserted()
        bench.connect(address)
        bench.send(deadline: .milliseconds(50))
        let error = bench.outcome()?.error
        #expect(error?.reason == .deadlineExceeded)
        #expect(error?.mayHaveBeenProcessed == false)
        #expect(error?.detail?.contains("Connection refused") == true)
        #expect(bench.client?.inFlight == 0)
    }

    @Test("Requests wait out a server that is not there yet")
    func reconnects() throws {
        let address = try bench.deserted()
        bench.connect(address)
        bench.send("/waited", body: [1])
        // Past the first refusal, so that it is a later attempt that succeeds.
        for _ in 0..<3 { bench.loop.runOnce(timeout: .milliseconds(10)) }
        #expect(bench.outcomes.isEmpty)
        try bench.serve(at: address)
        #expect(bench.outcome()?.response?.headers["x-path"] == "/waited")
        #expect(bench.client?.isConnected == true)
    }

    @Test("A connection that ends fails what was on it, and the next request opens another")
    func lostConnection() throws {
        let peer = try bench.peer(greeting: RawPeer.settings, closesOnData: true)
        bench.connect(peer.address)
        bench.send("/lost")
        let error = bench.outcome()?.error
        guard case .connectionLost? = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.mayHaveBeenProcessed == true)
        bench.send("/again")
        #expect(bench.outcome(1)?.error != nil)
        #expect(peer.accepted == 2)
    }

    @Test("Streams above the last one of a GOAWAY may be repeated")
    func goAway() throws {
        let peer = try bench.peer(greeting: RawPeer.settings, reply: RawPeer.goAway(last: 0))
        bench.connect(peer.address)
        bench.send("/a")
        let error = bench.outcome()?.error
        #expect(error?.reason == .refused)
        #expect(error?.mayHaveBeenProcessed == false)
    }

    @Test("A refused stream may be repeated, a reset one may not")
    func reset() throws {
        let reply = RawPeer.reset(1, code: 7) + RawPeer.reset(3, code: 2)
        let peer = try bench.peer(greeting: RawPeer.settings, reply: reply)
        bench.connect(peer.address)
        bench.send("/a")
        bench.send("/b")
        #expect(bench.outcome(0)?.error?.reason == .refused)
        #expect(bench.outcome(0)?.error?.mayHaveBeenProcessed == false)
        #expect(bench.outcome(1)?.error?.reason == .reset(code: 2))
        #expect(bench.outcome(1)?.error?.mayHaveBeenProcessed == true)
    }

    @Test("A server that drains finishes what it has; new requests go to its successor")
    func drained() throws {
        let address = try bench.serve()
        let first = bench.server!
        bench.connect(address)
        bench.send("/hang")
        #expect(bench.run { !bench.service.kept.isEmpty })
        var isDrained = false
        first.drain(grace: .seconds(20)) { isDrained = true }
        try bench.serve(at: address)
        bench.run {
            bench.loop.runOnce(timeout: .milliseconds(5)); return true
        }
        bench.send("/new")
        #expect(bench.outcome(0)?.response?.headers["x-path"] == "/new")
        bench.service.kept[0].respond(HTTPResponse(status: 202))
        #expect(bench.outcome(1)?.response?.status == 202)
        #expect(bench.run { isDrained })
        #expect(bench.server?.counters.connections.load(ordering: .relaxed) == 1)
    }

    @Test("What waits is bounded in number and bytes, and refused later, not within send")
    func bounds() throws {
        bench.options.maxWaitingRequests = 3
        bench.options.maxWaitingBytes = 10
        bench.connect(try bench.deserted())
        bench.send(body: Array(repeating: 0, count: 8))
        bench.send(body: Array(repeating: 0, count: 3))  // too many bytes
        bench.send()
        bench.send()
        bench.send()  // one too many
        #expect(bench.outcomes.isEmpty)
        #expect(bench.run { bench.outcomes.count == 2 })
        #expect(bench.outcomes.allSatisfy { $0.error?.reason == .queueFull && $0.error?.mayHaveBeenProcessed == false })
        #expect(bench.client?.inFlight == 3)
    }

    @Test("Closing answers everything at once, what waits and what is on the way")
    func closing() throws {
        bench.options.maxConcurrentStreams = 2
        bench.connect(try bench.serve())
        for _ in 0..<4 { bench.send("/hang") }
        #expect(bench.run { bench.service.kept.count == 2 })
        bench.client?.close()
        #expect(bench.outcomes.map { $0.error?.reason } == [.closed, .closed, .closed, .closed])
        #expect(bench.outcomes.map { $0.error?.mayHaveBeenProcessed } == [true, true, false, false])
        bench.send()
        #expect(bench.outcome(4)?.error?.reason == .closed)
        #expect(bench.run { bench.service.kept.allSatisfy { !$0.isOpen } })
    }

    @Test("A client that goes away answers everything, too")
    func dropped() throws {
        bench.connect(try bench.serve())
        bench.send("/hang")
        #expect(bench.run { bench.service.kept.count == 1 })
        bench.dropClient()
        #expect(bench.outcomes.map { $0.error?.reason } == [.closed])
        #expect(bench.run { bench.service.kept.allSatisfy { !$0.isOpen } })
    }

    @Test("Whoever gets an answer may send and close from there")
    func reentrant() throws {
        bench.connect(try bench.serve())
        let client = bench.client!
        client.send(HTTPClientRequest(method: "GET", path: "/1"), deadline: .seconds(20)) { [bench] in
            bench.outcomes.append($0)
            client.send(HTTPClientRequest(method: "GET", path: "/2"), deadline: .seconds(20)) {
                bench.outcomes.append($0)
                client.close()
            }
            client.send(HTTPClientRequest(method: "GET", path: "/hang"), deadline: .seconds(20)) {
                bench.outcomes.append($0)
            }
        }
        #expect(bench.run { bench.outcomes.count == 3 })
        #expect(bench.outcomes.map { $0.response?.headers["x-path"] } == ["/1", "/2", nil])
        #expect(bench.outcomes[2].error?.reason == .closed)
    }

    @Test("A response over the limit is given up, and the connection goes on")
    func responseTooLarge() throws {
        bench.options.maxResponseBytes = 1000
        bench.options.maxResponseHeaderBytes = 500
        bench.service.answer = { exchange in
            exchange.head.path == "/headers"
                ? HTTPResponse(status: 200, headers: HTTPHeaders([("x-long", String(repeating: "a", count: 600))]))
                : HTTPResponse(status: 200, body: Array(repeating: 0, count: exchange.body.count))
        }
        bench.connect(try bench.serve())
        bench.send(body: Array(repeating: 0, count: 1000))
        #expect(bench.outcome(0)?.response?.body.count == 1000)
        bench.send(body: Array(repeating: 0, count: 1001))
        #expect(bench.outcome(1)?.error?.reason == .responseTooLarge(limit: 1000))
        bench.send("/headers")
        #expect(bench.outcome(2)?.error?.reason == .responseTooLarge(limit: 500))
        bench.send(body: [1])
        #expect(bench.outcome(3)?.response?.body.count == 1)
        #expect(bench.server?.counters.connections.load(ordering: .relaxed) == 1)
    }

    @Test("A server that does not answer to PING is given up")
    func keepAlive() throws {
        bench.options.keepAliveIdle = .milliseconds(20)
        bench.options.keepAliveTimeout = .milliseconds(20)
        let peer = try bench.peer(greeting: RawPeer.settings)
        bench.connect(peer.address)
        bench.send()
        #expect(bench.outcome()?.error?.reason == .connectionLost("server does not answer to PING"))
    }

    @Test("A server that answers to PING is kept, however long it thinks")
    func keepAliveAnswered() throws {
        bench.options.keepAliveIdle = .milliseconds(5)
        bench.options.keepAliveTimeout = .milliseconds(2000)
        bench.connect(try bench.serve())
        bench.send("/hang")
        let end = bench.loop.now() + .milliseconds(60)
        #expect(bench.run { bench.loop.now() > end })
        bench.service.kept[0].respond(HTTPResponse(status: 200))
        #expect(bench.outcome()?.response?.status == 200)
    }

    @Test("A server that says nothing is given up after the connect timeout")
    func connectTimeout() throws {
        bench.options.connectTimeout = .milliseconds(30)
        let peer = try bench.peer()
        bench.connect(peer.address)
        bench.send()
        #expect(bench.outcome()?.error?.reason == .connectTimedOut)
        #expect(peer.received.starts(with: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)))
    }

    @Test("A server that speaks HTTP/1.1 is told apart")
    func notHTTP2() throws {
        let peer = try bench.peer(greeting: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        bench.connect(peer.address)
        bench.send()
        guard case .notHTTP2? = bench.outcome()?.error?.reason else {
            Issue.record("\(bench.outcomes)")
            return
        }
    }

    @Test("A unix socket serves as well")
    func unixSocket() throws {
        var template = Array("/tmp/hms-http-XXXXXX".utf8CString)
        let directory = String(cString: mkdtemp(&template))
        let path = directory + "/s"
        defer {
            unlink(path)
            rmdir(directory)
        }
        bench.connect(try bench.serve(at: SocketAddress(host: .unix(path: path), port: 0)))
        bench.send("/unix")
        #expect(bench.outcome()?.response?.headers["x-path"] == "/unix")
    }

    // MARK: TLS

    func serverTLS(mutual: Bool) throws -> TLSServerContext {
        let files = Certificates.shared
        return try TLSServerContext(
            certificate: files.path("server.pem"), key: files.path("server.key"),
            clientAuthority: mutual ? files.path("ca.pem") : nil)
    }

    func clientTLS(identity: Bool) throws -> TLSClientContext {
        let files = Certificates.shared
        return try TLSClientContext(
            authority: files.path("ca.pem"), certificate: identity ? files.path("client.pem") : nil,
            key: identity ? files.path("client.key") : nil)
    }

    @Test("TLS carries big bodies, with and without a client certificate", arguments: [false, true])
    func tls(mutual: Bool) throws {
        let address = try bench.serve(tls: serverTLS(mutual: mutual))
        bench.connect(try HTTPEndpoint(host: "localhost", port: address.port, tls: clientTLS(identity: mutual)))
        let body = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 4) }
        bench.send("/big", body: body)
        bench.send("/small")
        #expect(bench.run { bench.outcomes.count == 2 })
        #expect(bench.outcomes.compactMap { $0.response?.body.count }.sorted() == [0, 3 << 20])
        #expect(bench.outcomes.contains { $0.response?.body == body })
    }

    @Test("A client without the certificate that is asked for learns why it is refused")
    func missingCertificate() throws {
        let address = try bench.serve(tls: serverTLS(mutual: true))
        bench.options.failsWhenConnectFails = true
        bench.connect(HTTPEndpoint(address: address, tls: try clientTLS(identity: false)))
        bench.send()
        let error = bench.outcome()?.error
        #expect(error?.reason == .tls(.connection(reason: "tlsv13 alert certificate required")))
    }

    @Test("A server that cannot prove its name gets no request")
    func wrongName() throws {
        let address = try bench.serve(tls: serverTLS(mutual: false))
        bench.options.failsWhenConnectFails = true
        bench.connect(HTTPEndpoint(address: address, serverName: "other.test", tls: try clientTLS(identity: false)))
        bench.send()
        let error = bench.outcome()?.error
        #expect(error?.reason == .tls(.peerNotTrusted(reason: "hostname mismatch")))
        #expect(error?.mayHaveBeenProcessed == false)
        #expect(bench.service.kept.isEmpty)
    }

    // MARK: blocking

    @Test("A blocking fetch gets its response from a server on another thread")
    func fetches() throws {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let stop = try Mailbox<Void>(capacity: 1)
        let ready = ends[1]
        let thread = try EventLoop.start(name: "server") { loop in
            let service = ScriptedService()
            var server = try? HTTPServer(loop: loop, address: .loopback(port: 0), service: service)
            var port = server?.localAddress.port ?? 0
            _ = try? loop.receive(from: stop) { [unowned loop] _ in
                server?.close()
                server = nil
                loop.stop()
            }
            write(ready, &port, 2)
        }
        var port: UInt16 = 0
        read(ends[0], &port, 2)
        let request = HTTPClientRequest(method: "POST", path: "/f", body: [1, 2, 3])
        let response = try fetch(request, from: HTTPEndpoint(host: "127.0.0.1", port: port), deadline: .seconds(20))
        #expect(response.body == [1, 2, 3])
        stop.post(())
        thread.join()
        close(ends[0])
        close(ends[1])
    }

    @Test("A blocking fetch fails at once where nobody listens")
    func fetchRefused() throws {
        let address = try bench.deserted()
        let error = #expect(throws: HTTPClientError.self) {
            try fetch(
                HTTPClientRequest(method: "GET", path: "/"), from: HTTPEndpoint(address: address),
                deadline: .seconds(20))
        }
        #expect(error?.reason == .cannotConnect("\(address): Connection refused"))
        #expect(error?.description == "\(address): cannot connect: \(address): Connection refused")
    }

    @Test("Endpoints read addresses and names; unknown names are an error")
    func endpoints() throws {
        let six = try HTTPEndpoint(host: "::1", port: 80)
        #expect(six.authority == "[::1]:80" && six.serverName == "::1")
        #expect(try HTTPEndpoint(host: "localhost", port: 1).addresses == [.loopback(port: 1)])
        let unix = HTTPEndpoint(address: SocketAddress(host: .unix(path: "/x"), port: 0))
        #expect(unix.authority == "localhost" && unix.scheme == "http")
        #expect(throws: HTTPClientError.self) { try HTTPEndpoint(host: "does-not-exist.invalid", port: 1) }
    }
}
