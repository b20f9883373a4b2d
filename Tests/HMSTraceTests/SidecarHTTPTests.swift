@testable import HMSTrace
import EventLoop
import HTTP
import Synchronization
import Testing
import TraceModel

/// An HTTP server in the sidecar's place. Takes messages up to a size and keeps them.
private final class TakingService: HTTPService {
    let taken: Taken
    init(_ taken: Taken) { self.taken = taken }

    func admit(_ head: RequestHead) -> HTTPResponse? {
        head.method == "POST" && head.path == "/v1/traces" && head.headers["content-type"] == "application/x-protobuf"
            ? nil : HTTPResponse(status: 404)
    }

    func serve(_ exchange: HTTPExchange) {
        guard exchange.body.count < 1_000_000 else { return exchange.respond(HTTPResponse(status: 413)) }
        taken.messages.withLock { $0.append(exchange.body) }
        exchange.respond(HTTPResponse(status: 200))
    }
}

private final class Taken: Sendable {
    let messages = Mutex<[[UInt8]]>([])
    let address = Mutex<String?>(nil)
}

@Suite struct SidecarHTTPTests {
    @Test("A large span reaches the sidecar's TCP port over HTTP/2, one that it refuses is counted as too large")
    func overHTTP() throws {
        let taken = Taken()
        let stop = try Mailbox<Bool>(capacity: 1)
        let thread = try EventLoop.start(name: "test-sidecar") { loop in
            // Loopback with a port of the kernel's choice: neither fails on a machine that can run the tests.
            let server = try! HTTPServer(
                loop: loop, address: .loopback(port: 0), tls: nil, limits: HTTPLimits(), counters: HTTPServerCounters(),
                service: TakingService(taken))
            try! loop.receive(from: stop) { _ in
                server.close()
                loop.stop()
            }
            taken.address.withLock { $0 = server.localAddress.description }
        }
        defer {
            _ = stop.post(true)
            thread.join()
        }
        var address: String?
        while address == nil { address = taken.address.withLock { $0 } }
        let tracer = Tracer(TracerOptions(service: "large", sidecar: address ?? ""))
        for size in [200_000, 1_200_000] {
            tracer.withSpan("large \(size)") { span in
                for part in 0..<(size / 16_000) { span.attributes["p\(part)"] = String(repeating: "y", count: 16_000) }
            }
            #expect(tracer.flush(timeout: .seconds(20)))
        }
        let messages = taken.messages.withLock { $0 }
        try #require(messages.count == 1)
        let request = try ReceivedRequest(messages[0])
        #expect(request.spans.map(\.name) == ["large 200000"] && request.resource["service.name"] == "s:large")
        let statistics = tracer.statistics
        #expect(statistics.sent == 1 && statistics.droppedTooLarge == 1 && statistics.httpRequests == 2)
    }

    @Test("Nobody at the TCP port: the span is counted as lost, with the reason")
    func nobody() throws {
        let sidecar = try SidecarSocket()
        let tracer = Tracer(TracerOptions(service: "s", sidecar: sidecar.address))
        tracer.withSpan("large") { span in
            for part in 0..<10 { span.attributes["p\(part)"] = String(repeating: "y", count: 16_000) }
        }
        #expect(tracer.flush(timeout: .seconds(20)))
        #expect(tracer.statistics.droppedSendFailed == 1 && tracer.statistics.sent == 0)
        #expect(tracer.statistics.lastError?.contains("cannot connect") == true)
    }
}
