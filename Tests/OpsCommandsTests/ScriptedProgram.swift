import Daemon
import EventLoop
import HTTP
import Synchronization

/// A program that answers each path with JSON from a script, on a port of its own and a thread of its own.
final class ScriptedProgram: Sendable {
    let address: String
    private let thread: PartThread

    /// What a path answers with, one after the other; the last again and again.
    init(_ answers: [String: [String]]) throws {
        let found = Mutex("")
        let script = Script(answers)
        thread = try PartThread.start(name: "scripted") { loop in
            let server = try HTTPServer(
                loop: loop, address: SocketAddress(parsing: "127.0.0.1:0"), service: ScriptedService(script))
            found.withLock { $0 = server.localAddress.description }
            return Part(stop: { done in drainAll([server], grace: .milliseconds(100), done) })
        }
        address = found.withLock { $0 }
    }

    func stop() { thread.stop() }
}

private final class Script: Sendable {
    private let answers: Mutex<[String: [String]]>

    init(_ answers: [String: [String]]) { self.answers = Mutex(answers) }

    func next(_ path: String) -> String? {
        answers.withLock { answers in
            guard let list = answers[path], let first = list.first else { return nil }
            if list.count > 1 { answers[path]?.removeFirst() }
            return first
        }
    }
}

private final class ScriptedService: HTTPService {
    private let script: Script
    init(_ script: Script) { self.script = script }

    func admit(_ head: RequestHead) -> HTTPResponse? { nil }
    func serve(_ exchange: HTTPExchange) {
        guard let text = script.next(exchange.head.path) else {
            exchange.respond(.text(404, "nothing\n"))
            return
        }
        exchange.respond(
            HTTPResponse(
                status: 200, headers: HTTPHeaders([("content-type", "application/json")]), body: Array(text.utf8)))
    }
}
