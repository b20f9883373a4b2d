import Daemon
import EventLoop
import HTTP
import Querying
import SegmentStore
import SelfTelemetry
import Summaries
import Synchronization
import TraceModel
import TraceSearch

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
        var isBusy = false
    }

    /// Queries that may wait for a thread; the next is told to come again.
    private static let maxWaiting = 128

    private let counters: HTTPServerCounters
    private let maxUnsentBytes: Int
    private var workers: [Worker] = []
    /// Here and not with the threads, so that a query whose asker has gone is never begun.
    private var waiting: [HTTPExchange] = []
    private var running: [UInt64: HTTPExchange] = [:]
    private var nextTicket: UInt64 = 0

    /// - Parameter counters: of the server that the answers go out by; queries stop while its peers take none.
    init(
        stores: TenantStores, threads: Int, loop: EventLoop, counters: HTTPServerCounters,
        maxUnsentBytes: Int
    ) throws {
        self.counters = counters
        self.maxUnsentBytes = maxUnsentBytes
        let answers = try Mailbox<Answer>(capacity: .max)
        for index in 0..<threads {
            let jobs = try Mailbox<Job>(capacity: 1)
            let thread = try PartThread.start(name: "query-\(index)") { loop in
                let service = TenantQueries(stores)
                try loop.receive(from: jobs) { job in
                    answers.post(Answer(ticket: job.ticket, worker: index, response: service.respond(to: job.head)))
                }
                return Part(stop: { done in done() })
            }
            workers.append(Worker(jobs: jobs, thread: thread))
        }
        try loop.receive(from: answers) { [weak self] answer in
            guard let self else { return }
            workers[answer.worker].isBusy = false
            running.removeValue(forKey: answer.ticket)?.respond(answer.response)
            dispatch()
        }
    }

    func run(_ exchange: HTTPExchange) {
        waiting.removeAll { !$0.isOpen }
        guard waiting.count < Self.maxWaiting else {
            refuse(exchange, "too many queries wait; ask again later")
            return
        }
        waiting.append(exchange)
        dispatch()
    }

    private func dispatch() {
        while !waiting.isEmpty, let index = workers.firstIndex(where: { !$0.isBusy }) {
            let exchange = waiting.removeFirst()
            guard exchange.isOpen else { continue }
            guard counters.unsentBytes.load(ordering: .relaxed) <= maxUnsentBytes else {
                refuse(exchange, "answers that nobody takes fill the memory for them; ask again later")
                continue
            }
            nextTicket += 1
            workers[index].isBusy = true
            running[nextTicket] = exchange
            // There is room: a thread gets its next job when it has answered the last.
            workers[index].jobs.post(Job(ticket: nextTicket, head: exchange.head))
        }
    }

    private func refuse(_ exchange: HTTPExchange, _ reason: String) {
        exchange.respond(
            HTTPResponse(
                status: 503,
                headers: HTTPHeaders([("content-type", "text/plain; charset=utf-8"), ("retry-after", "1")]),
                body: Array((reason + "\n").utf8)))
    }

    func stop() {
        for worker in workers { worker.thread.stop() }
    }
}

/// The store as the read API sees it.
struct StoredTraces: TraceSource {
    let store: SegmentStore
    let refusals: RefusalRing

    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)? {
        try store.trace(id, maxBytes: maxBytes)
    }

    func search(_ request: SearchRequest) throws -> SearchPage {
        try TraceSearch(request, in: store, clock: { StoreClock.system.monotonic() }).run()
    }

    func attributes() throws -> AttributeCatalogue { try AttributeCatalogue.sample(StoreReader(store)) }

    func figures(_ filter: SummaryFilter, fresh: Bool) throws -> (summary: Summary, asOf: UInt64) {
        let (summary, asOf) = try store.figures(filter, fresh: fresh)
        let age = StoreClock.system.monotonic() &- asOf
        return (summary, WallClock.unixNanoseconds() &- age)
    }

    func serviceUsage() -> [ServiceUsage] {
        store.services().map { ServiceUsage(name: $0.name, spans: $0.spans, lastSeen: $0.lastSeen) }
    }

    func recentTraces(limit: Int) -> [TraceID] { store.recentTraces(limit: limit) }

    func ledger() -> LedgerFigures { store.ledger() }
    func newestRefusals() -> [RefusalRing.Refusal] { refusals.newestFirst }
    func places(of id: TraceID, limit: Int) throws -> (places: [StoredPlace], spans: Int) {
        try store.places(of: id, limit: limit)
    }
    func find(_ id: SpanID, maxBytes: Int) throws -> SpanSearch { try store.find(id, maxBytes: maxBytes) }
    func deletedSpans() -> UInt64 { store.ledgerSums().deleted.spans }
    func oldestArrival() -> UInt64? { store.oldestArrival }
    func erasures() -> UInt64 { store.erasures }
}
