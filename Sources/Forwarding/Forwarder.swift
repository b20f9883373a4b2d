package import EventLoop
package import SelfTelemetry
package import Spool
import WireFormat

/// Leads the batches of all lanes to their collectors, and those of a collector that stays away to the others. Lives on one
/// loop.
package final class Forwarder {
    private let loop: EventLoop
    private let collectors: CollectorSet
    private let links: [CollectorLink]
    private let mover: BatchMover
    /// Nil: what belongs to a collector waits for it.
    private let failoverAfter: Duration?
    private let log: Log
    /// Of collectors that are configured no more.
    private var orphans: [SpooledBatch] = []
    /// Parts of them stand in other lanes.
    private var movedInPart: [SpooledBatch] = []
    private var drained: [@Sendable () -> Void] = []
    private let isPersistent: @Sendable () -> Bool

    /// - Parameters:
    ///   - links: one for each collector, in the order of `collectors`.
    ///   - isPersistent: whether what is not forwarded outlives the process.
    package init(
        loop: EventLoop, route: ForwardRoute, collectors: CollectorSet, links: [CollectorLink], mover: BatchMover,
        failoverAfter: Duration?, log: Log, isPersistent: @escaping @Sendable () -> Bool
    ) throws(SystemError) {
        self.loop = loop
        self.collectors = collectors
        self.links = links
        self.mover = mover
        self.failoverAfter = failoverAfter
        self.log = log
        self.isPersistent = isPersistent
        try loop.receive(from: route.mailbox) { [weak self] message in self?.take(message) }
        tick()
    }

    private func take(_ message: ForwardRoute.Message) {
        switch message {
        case .batch(let batch): add(batch)
        case .drain(let done):
            mover.flush()
            drained.append(done)
        }
        endDrain()
    }

    /// Called with what was recovered, and by the mover.
    package func add(_ batch: SpooledBatch) {
        if let index = collectors.names.firstIndex(of: batch.lane.key.collector) {
            links[index].add(batch)
        } else {
            orphans.append(batch)
        }
    }

    /// Called after each batch that came to an end.
    package func endDrain() {
        guard !drained.isEmpty else { return }
        // What waits for a collector that does not answer is as safe in the spool after the process as in it.
        let persistent = isPersistent()
        guard links.allSatisfy({ $0.isQuiet || persistent && $0.troubledSince != nil }) else { return }
        let done = drained
        drained = []
        for action in done { action() }
    }

    private func tick() {
        _ = loop.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            failOver()
            moveOrphans()
            endDrain()
            tick()
        }
    }

    // MARK: moving

    private static let movedAtOnce = 16

    private func failOver() {
        guard let failoverAfter, links.count > 1 else { return }
        for (index, link) in links.enumerated() {
            guard let since = link.troubledSince, loop.now() - since >= failoverAfter else {
                if collectors.isAway(index) {
                    _ = collectors.setAway(index, false)
                    log.info("failover_over", "the collector owns its share again", ["collector": link.name])
                }
                continue
            }
            if !collectors.isAway(index) {
                guard collectors.setAway(index, true) else { continue }
                log.warning(
                    "failover", "the collector stays away; its share goes to the others",
                    ["collector": link.name, "after": "\(failoverAfter)"])
            }
            link.putBack(moveFirst(of: link.takeUnsent(atMost: Self.movedAtOnce)))
        }
    }

    private func moveOrphans() {
        let halves = movedInPart
        movedInPart = []
        // However they fail again, their collector must not have them any more.
        for batch in halves { mover.move(batch) { [weak self] _ in self?.movedInPart.append(batch) } }
        let batches = orphans.prefix(Self.movedAtOnce)
        orphans.removeFirst(batches.count)
        orphans.insert(contentsOf: moveFirst(of: Array(batches)), at: 0)
    }

    /// Moves until one cannot be moved; returns those that are left, in their order. One that fails later, as the disk did not
    /// take it, is taken up again then.
    private func moveFirst(of batches: [SpooledBatch]) -> ArraySlice<SpooledBatch> {
        for (index, batch) in batches.enumerated() {
            var isBegun = false
            var hasFailed = false
            mover.move(batch) { [weak self] failure in
                switch failure {
                case .movedInPart: self?.movedInPart.append(batch)
                case .nothingMoved where isBegun: self?.add(batch)
                case .nothingMoved: hasFailed = true
                }
            }
            isBegun = true
            if hasFailed { return batches[index...] }
        }
        return []
    }
}
