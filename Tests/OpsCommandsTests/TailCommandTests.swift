import Daemon
import EventLoop
import HTTP
import Synchronization
import Testing

@testable import OpsCommands

/// What a request for a tail is answered with.
private enum TailAnswer: Sendable {
    /// Events, and whether the answer then ends.
    case events([String], ends: Bool)
    case response(Int, String)
}

/// Answers each request with the next of what is scripted, the last again and again.
private final class ScriptedTail: Sendable {
    let address: String
    private let thread: PartThread
    private let count = RequestCount()

    var requests: Int { count.value.withLock { $0 } }

    init(_ answers: [TailAnswer]) throws {
        let found = Mutex("")
        let count = count
        thread = try PartThread.start(name: "scripted") { loop in
            let server = try HTTPServer(
                loop: loop, address: SocketAddress(parsing: "127.0.0.1:0"), service: TailService(answers, count))
            found.withLock { $0 = server.localAddress.description }
            return Part(stop: { done in drainAll([server], grace: .milliseconds(100), done) })
        }
        address = found.withLock { $0 }
    }

    func stop() { thread.stop() }
}

private final class RequestCount: Sendable {
    let value = Mutex(0)
}

private final class TailService: HTTPService {
    private let answers: [TailAnswer]
    private let count: RequestCount

    init(_ answers: [TailAnswer], _ count: RequestCount) { (self.answers, self.count) = (answers, count) }

    func admit(_ head: RequestHead) -> HTTPResponse? { nil }

    func serve(_ exchange: HTTPExchange) {
        let number = count.value.withLock { number in
            number += 1
            return number
        }
        switch answers[min(number, answers.count) - 1] {
        case .events(let events, let ends):
            guard let stream = exchange.stream(HTTPHeaders([("content-type", "text/event-stream")])) else { return }
            for event in events { _ = stream.write(Array(event.utf8)) }
            if ends { stream.end() }
        case .response(let status, let text):
            exchange.respond(HTTPResponse(status: status, body: Array(text.utf8)))
        }
    }
}

@Suite("hms-ops tail against a scripted collector")
struct TailCommandTests {
    private static let state = "event: state\ndata: {\"seen\":0,\"dropped\":0}\n\n"
    private static func trace(_ id: String) -> String { "event: trace\ndata: {\"traceId\":\"\(id)\"}\n\n" }

    private func run(_ answers: [TailAnswer], _ words: String...) throws -> (code: ExitCode, requests: Int) {
        let collector = try ScriptedTail(answers)
        defer { collector.stop() }
        let code = OpsProgram.run(["tail"] + words + ["--collector", collector.address])
        return (code, collector.requests)
    }

    @Test("It ends well after as many traces as were asked for")
    func limit() throws {
        let (code, requests) = try run(
            [.events([Self.state, Self.trace("a"), Self.trace("b"), Self.trace("c")], ends: false)], "--limit", "2")
        #expect(code == .success && requests == 1)
    }

    @Test("A tail that ends, and a collector that is not ready then, are asked again")
    func reconnects() throws {
        let (code, requests) = try run(
            [
                .events([Self.state, Self.trace("a")], ends: true), .response(503, "soon"),
                .events([Self.state, Self.trace("b")], ends: false),
            ], "--limit", "2", "--ids")
        #expect(code == .success && requests == 3)
    }

    @Test("A tail that ended and is then refused for good is an error")
    func refusedLater() throws {
        let (code, requests) = try run([.events([Self.state], ends: true), .response(401, "no")], "--limit", "1")
        #expect(code == .failure && requests == 2)
    }

    @Test("A query that is wrong, a full collector, one without tails and none at all are told at once")
    func refusals() throws {
        let wrong = "{\"error\":{\"code\":\"invalid_query\",\"message\":\"column 1: what?\",\"hint\":\"this\"}}"
        #expect(try run([.response(400, wrong)], "servce = a") == (.usage, 1))
        #expect(try run([.response(503, "full")]) == (.failure, 1))
        #expect(try run([.response(404, "nothing")]) == (.failure, 1))
        #expect(try run([.events([], ends: true)]) == (.failure, 1))
        #expect(OpsProgram.run(["tail", "--collector", "127.0.0.1:1"]) == .failure)
        #expect(OpsProgram.run(["tail", "--limit", "0"]) == .usage)
    }

    @Test("A trace that the search told is not told again")
    func leavesOut() throws {
        let arguments = try CommandParser.parse(["--ids"], for: TailCommand.command.spec)
        var report = TailReport(
            arguments, Terminal(), report: SearchReport(style: Terminal().output, idsOnly: true), leavingOut: ["a"],
            limit: 1)
        func event(_ id: String) -> EventStreamParser.Event {
            EventStreamParser.Event(name: "trace", data: Array("{\"traceId\":\"\(id)\"}".utf8))
        }
        report.tell(event("a"))
        #expect(!report.isOver)
        report.tell(EventStreamParser.Event(name: "trace", data: Array("nonsense".utf8)))
        report.tell(EventStreamParser.Event(name: "other", data: event("b").data))
        #expect(!report.isOver)
        report.tell(event("b"))
        #expect(report.isOver)
    }
}
