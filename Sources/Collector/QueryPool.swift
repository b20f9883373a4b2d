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
        let desire: QueryDesire
        /// What it works on.
        var ticket: UInt64?
        var isLong = false
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
            let desire = QueryDesire()
            let thread = try PartThread.start(name: "query-\(index)") { loop in
                let service = TenantQueries(stores, desire)
                try loop.receive(from: jobs) { job in
                    answers.post(Answer(ticket: job.ticket, worker: index, response: service.respond(to: job.head)))
                }
                return Part(stop: { done in done() })
            }
            workers.append(Worker(jobs: jobs, thread: thread, desire: desire))
        }
        try loop.receive(from: answers) { [weak self] answer in
            guard let self else { return }
            workers[answer.worker].ticket = nil
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

    /// What reads many frames. One thread is kept for the others, where there are two: a trace asked for by id does not wait for
    /// a search.
    private static func isLong(_ head: RequestHead) -> Bool {
        switch head.path {
        case "/api/v1/search", "/api/v1/compare", "/api/v1/red", "/api/v1/graph", "/api/v1/graph/diff", "/api/traces",
            "/api/operations", "/api/dependencies":
            true
        default:
            head.path.hasPrefix("/api/v1/attributes") || head.path.hasPrefix("/api/services/")
                || head.path.hasPrefix("/api/v1/explain/") || head.path.hasSuffix("/find")
        }
    }

    /// The first that may begin now.
    private var next: Int? {
        let long = workers.count { $0.ticket != nil && $0.isLong }
        let mayBeLong = long < max(1, workers.count - 1)
        return waiting.firstIndex { mayBeLong || !Self.isLong($0.head) }
    }

    private func dispatch() {
        // Nobody waits any more for what these threads do.
        for worker in workers {
            if let ticket = worker.ticket, running[ticket]?.isOpen == false { worker.desire.end() }
        }
        while let index = workers.firstIndex(where: { $0.ticket == nil }), let place = next {
            let exchange = waiting.remove(at: place)
            guard exchange.isOpen else { continue }
            guard counters.unsentBytes.load(ordering: .relaxed) <= maxUnsentBytes else {
                refuse(exchange, "answers that nobody takes fill the memory for them; ask again later")
                continue
            }
            nextTicket += 1
            workers[index].ticket = nextTicket
            workers[index].isLong = Self.isLong(exchange.head)
            workers[index].desire.begin()
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
        for worker in workers { worker.desire.end() }
        for worker in workers { worker.thread.stop() }
    }
}

/// Whether somebody still waits for the answer that a query thread works on. Set on the console's loop, read by the thread.
final class QueryDesire: Sendable {
    private let isGone = Atomic<Bool>(false)

    func begin() { isGone.store(false, ordering: .relaxed) }
    func end() { isGone.store(true, ordering: .relaxed) }
    var hasEnded: Bool { isGone.load(ordering: .relaxed) }
}

/// The store as the read API sees it.
struct StoredTraces: TraceSource {
    let store: SegmentStore
    let refusals: RefusalRing
    let large: LargeTraces
    let desire: QueryDesire

    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)? {
        try store.trace(id, maxBytes: maxBytes)
    }

    func frames() -> any TraceFrames { StoredFrames(StoreReader(store)) }

    func search(_ request: SearchRequest) throws -> SearchPage {
        try TraceSearch(
            request, in: store, large: large, clock: StoreClock.system.monotonic, isCancelled: { desire.hasEnded }
        ).run()
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

/// The store's frames as the read API sees them.
private struct StoredFrames: TraceFrames {
    private let reader: StoreReader
    private let views: [UInt64: Int]

    init(_ reader: StoreReader) {
        self.reader = reader
        views = Dictionary(
            reader.views.indices.map { (reader.views[$0].salt, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func places(of id: TraceID) -> [FramePlace] {
        reader.views.flatMap { view in view.frames(of: id).map { FramePlace(log: view.salt, frame: $0) } }
    }

    func forEachRequest(at place: FramePlace, _ body: (UnsafeRawBufferPointer, UInt64) -> Void) throws {
        guard let view = views[place.log] else { return }
        try reader.forEachRecord(of: reader.views[view], Int(place.frame), body)
    }

    func ask(_ sieve: FrameSieve, of places: [FramePlace]) -> [PlaceAnswer] {
        var told: [Int: (some: FrameSet, all: FrameSet)] = [:]
        return places.map { place in
            guard let view = views[place.log] else { return .none }
            let frames = told[view] ?? sieve.frames(of: reader.views[view])
            told[view] = frames
            let frame = Int(place.frame)
            return frames.all.contains(frame) ? .all : frames.some.contains(frame) ? .some : .none
        }
    }
}
