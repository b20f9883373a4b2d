import Daemon
import EventLoop
import HTTP
import Querying
import SegmentStore
import TraceModel

/// Runs queries on threads of their own and gives the answers on the console's loop, where it lives.
final class QueryPool {
    private struct Job: Sendable {
        let ticket: UInt64
        let head: RequestHead
    }

    private struct Answer: Sendable {
        let ticket: UInt64
        let worker: Int
        let response: HTTPResponse
    }

    private struct Worker {
        let jobs: Mailbox<Job>
        let thread: PartThread
        var waiting = 0
    }

    /// Queries that may wait for one thread; the next is told to come again.
    private static let maxWaiting = 64

    private var workers: [Worker] = []
    private var waiting: [UInt64: HTTPExchange] = [:]
    private var nextTicket: UInt64 = 0

    init(store: SegmentStore, threads: Int, loop: EventLoop) throws {
        let answers = try Mailbox<Answer>(capacity: .max)
        for index in 0..<threads {
            let jobs = try Mailbox<Job>(capacity: Self.maxWaiting)
            let thread = try PartThread.start(name: "query-\(index)") { loop in
                let service = QueryService(source: StoredTraces(store: store))
                try loop.receive(from: jobs) { job in
                    answers.post(Answer(ticket: job.ticket, worker: index, response: service.respond(to: job.head)))
                }
                return Part(stop: { done in done() })
            }
            workers.append(Worker(jobs: jobs, thread: thread))
        }
        try loop.receive(from: answers) { [weak self] answer in
            guard let self else { return }
            workers[answer.worker].waiting -= 1
            waiting.removeValue(forKey: answer.ticket)?.respond(answer.response)
        }
    }

    func run(_ exchange: HTTPExchange) {
        // There is at least one worker.
        let index = workers.indices.min { workers[$0].waiting < workers[$1].waiting }!
        nextTicket += 1
        guard workers[index].jobs.post(Job(ticket: nextTicket, head: exchange.head)) else {
            var response = HTTPResponse.text(503, "too many queries wait; ask again later\n")
            response.headers.add("retry-after", "1")
            exchange.respond(response)
            return
        }
        workers[index].waiting += 1
        waiting[nextTicket] = exchange
    }

    func stop() {
        for worker in workers { worker.thread.stop() }
    }
}

/// The store as the read API sees it.
private struct StoredTraces: TraceSource {
    let store: SegmentStore

    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)? {
        try store.trace(id, maxBytes: maxBytes)
    }

    func serviceUsage() -> [ServiceUsage] {
        store.services().map { ServiceUsage(name: $0.name, spans: $0.spans, lastSeen: $0.lastSeen) }
    }

    func recentTraces(limit: Int) -> [TraceID] { store.recentTraces(limit: limit) }
}
