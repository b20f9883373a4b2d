import Access
import EventLoop
import Querying
import SegmentStore

/// Looks at what arrives in the stores that somebody tails. Lives on the tail's thread.
final class TailWatch {
    enum Command: Sendable {
        case open(Int, TenantStores.Space, TailQuestion)
        case close(Int)
    }

    struct Report: Sendable {
        var tenant: String?
        var opened: [Int] = []
        var round = TraceTail.Round()
    }

    private struct Watched {
        let store: SegmentStore
        let tail: TraceTail
        /// Of looks that nobody was told of, as whoever is to be told has too much to do.
        var untold = TraceTail.Round()
    }

    private let loop: EventLoop
    private let reports: Mailbox<Report>
    private let limits: TailLimits
    private var watched: [String?: Watched] = [:]
    private var tenants: [Int: String?] = [:]
    private var timer: Timer?

    init(loop: EventLoop, reports: Mailbox<Report>, limits: TailLimits = TailLimits()) {
        (self.loop, self.reports, self.limits) = (loop, reports, limits)
    }

    func handle(_ command: Command) {
        switch command {
        case .open(let id, let space, let question):
            let tenant = space.tenant?.text
            if watched[tenant] == nil {
                let tail = TraceTail(
                    StoredArrivals(space.store), limits: limits, clock: StoreClock.system.monotonic)
                watched[tenant] = Watched(store: space.store, tail: tail)
            }
            watched[tenant]?.tail.open(id, question)
            tenants[id] = tenant
            opened.append((tenant, id))
            tellOpened()
            if timer == nil { schedule() }
        case .close(let id):
            guard let tenant = tenants.removeValue(forKey: id) else { return }
            opened.removeAll { $0.id == id }
            watched[tenant]?.tail.close(id)
            if watched[tenant]?.tail.isIdle == true { watched[tenant] = nil }
        }
    }

    /// Whose answer has not begun.
    private var opened: [(tenant: String?, id: Int)] = []

    private func tellOpened() {
        opened.removeAll { reports.post(Report(tenant: $0.tenant, opened: [$0.id])) }
    }

    private func schedule() {
        timer = loop.schedule(after: limits.interval) { [weak self] in
            guard let self else { return }
            timer = nil
            guard !watched.isEmpty else { return }
            look()
            schedule()
        }
    }

    private func look() {
        tellOpened()
        for (tenant, var entry) in watched {
            var round = entry.tail.look()
            entry.store.boundPages()
            round.take(entry.untold)
            if reports.post(Report(tenant: tenant, round: round)) {
                entry.untold = TraceTail.Round()
            } else {
                entry.untold = round.withoutEvents
            }
            watched[tenant] = entry
        }
    }
}
