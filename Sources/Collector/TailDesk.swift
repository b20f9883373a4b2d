import Access
import Daemon
import EventLoop
import HTTP
import Querying
import SelfTelemetry

/// Holds the live tails: each an answer of `/api/v1/tail` that goes on. What arrives is looked at on a thread of its own, once
/// for all of them, and only while there are any. Lives on the console's loop.
final class TailDesk {
    static let path = "/api/v1/tail"
    static let maximumTails = 32
    private static let stateInterval: Duration = .seconds(5)
    /// In states: a comment goes out with every third.
    private static let heartbeatStates = 3

    private struct Tail {
        /// Until the thread has begun to look.
        var exchange: HTTPExchange?
        var stream: HTTPBodyStream?
        var seen: UInt64 = 0
        var dropped: UInt64 = 0
        var states = 0
        let tenant: String?
    }

    private let stores: TenantStores
    private let loop: EventLoop
    private let counters: TailCounters
    private let commands: Mailbox<TailWatch.Command>
    private let thread: PartThread
    private var tails: [Int: Tail] = [:]
    private var nextTail = 0
    private var timer: Timer?

    init(stores: TenantStores, loop: EventLoop, counters: TailCounters) throws {
        (self.stores, self.loop, self.counters) = (stores, loop, counters)
        // Opening and closing of tails, of which there are few.
        let commands = try Mailbox<TailWatch.Command>(capacity: .max)
        let reports = try Mailbox<TailWatch.Report>(capacity: 8)
        self.commands = commands
        thread = try PartThread.start(name: "tail") { loop in
            let watch = TailWatch(loop: loop, reports: reports)
            try loop.receive(from: commands) { watch.handle($0) }
            return Part(stop: { done in done() })
        }
        try loop.receive(from: reports) { [weak self] in self?.tell($0) }
    }

    func open(_ exchange: HTTPExchange) {
        let question: TailQuestion
        do throws(QueryError) {
            question = try TailQuestion(exchange.head, now: WallClock.unixNanoseconds())
        } catch {
            return exchange.respond(error.response)
        }
        if exchange.head.method == "HEAD" {
            _ = exchange.stream(Self.headers)
            return
        }
        sweep()
        guard tails.count < Self.maximumTails else {
            counters.refused.add()
            var response = QueryError(
                503, "too_many_tails", "\(Self.maximumTails) live tails are open, which is the most there may be",
                hint: "close one, or ask /api/v1/search again and again"
            ).response
            response.headers.add("retry-after", "5")
            return exchange.respond(response)
        }
        switch stores.place(of: exchange.head) {
        case .refusal(let response): exchange.respond(response)
        case .space(let space):
            nextTail += 1
            tails[nextTail] = Tail(exchange: exchange, tenant: space.tenant?.text)
            counters.open.set(tails.count)
            commands.post(.open(nextTail, space, question))
        }
    }

    private static let headers = HTTPHeaders([
        ("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff"),
        // Proxies that gather answers would hold events back.
        ("x-accel-buffering", "no"),
    ])

    /// The thread looks: what is acknowledged from now on is told.
    private func begin(_ id: Int) {
        guard let exchange = tails[id]?.exchange else { return }
        tails[id]?.exchange = nil
        guard let stream = exchange.stream(Self.headers) else { return close(id) }
        stream.onClose = { [weak self] in self?.close(id) }
        tails[id]?.stream = stream
        _ = stream.write(TailEvent.beginning + TailEvent.state(seen: 0, dropped: 0))
        if timer == nil { scheduleStates() }
    }

    private func close(_ id: Int) {
        guard tails.removeValue(forKey: id) != nil else { return }
        counters.open.set(tails.count)
        commands.post(.close(id))
    }

    /// Those whose peer went before the answer began.
    private func sweep() {
        for (id, tail) in tails where tail.exchange?.isOpen == false { close(id) }
    }

    // MARK: telling

    private func tell(_ report: TailWatch.Report) {
        for id in report.opened { begin(id) }
        counters.looked.add(report.round.seen)
        counters.unseen.add(report.round.dropped)
        for (id, tail) in tails where tail.tenant == report.tenant && tail.stream != nil {
            let leftOut = report.round.leftOut[id] ?? 0
            counters.behind.add(leftOut)
            tails[id]?.seen += report.round.seen
            tails[id]?.dropped += report.round.dropped + leftOut
        }
        for event in report.round.events {
            guard let stream = tails[event.tail]?.stream else { continue }
            if stream.write(event.bytes) {
                counters.events.add()
            } else {
                counters.behind.add()
                tails[event.tail]?.dropped += 1
            }
        }
    }

    private func scheduleStates() {
        timer = loop.schedule(after: Self.stateInterval) { [weak self] in
            guard let self else { return }
            timer = nil
            sweep()
            guard !tails.isEmpty else { return }
            for (id, tail) in tails {
                guard let stream = tail.stream else { continue }
                tails[id]?.states += 1
                let isBeat = (tail.states + 1) % Self.heartbeatStates == 0
                // The next one says the same and more, where there is no room for this one.
                _ = stream.write(
                    (isBeat ? TailEvent.heartbeat : []) + TailEvent.state(seen: tail.seen, dropped: tail.dropped))
            }
            scheduleStates()
        }
    }

    func stop() {
        timer?.cancel()
        thread.stop()
    }
}
