package import EventLoop
package import HTTP
package import SelfTelemetry
package import Spool
import TraceModel
import WireFormat

/// The way to one collector: takes batches out of the lanes that lead there, several at a time over one connection, and
/// sends each again under its number until the collector has answered for it. Lives on the loop that forwards.
package final class CollectorLink {
    package struct Options: Sendable {
        package var dialect = CollectorDialect.hms
        package var encoding = BatchEncoding.zstd
        package var maxInFlight = 4
        /// Of what is on its way, unless it is one batch; large ones have their own place.
        package var maxInFlightBytes = 4 << 20
        package var deadline = Duration.seconds(30)
        package var backoff = Backoff(cap: .seconds(2))
        /// What the `authorization` header says; asked for each request, as keys may be changed.
        package var authorization: @Sendable () -> String? = { nil }
        package init() {}
    }

    let name: String
    private let loop: EventLoop
    private let client: any RequestSender
    private let options: Options
    private let counters: ForwardCounters
    private let packer: BatchPacker
    private let refused: RefusedBatches
    private let log: Log
    /// Called after each batch that came to an end.
    private let settled: (SpooledBatch) -> Void

    private var encoding: BatchEncoding
    private var queues: [LaneQueue] = []
    private var nextQueue = 0
    /// What has to be sent again, oldest first.
    private var again: [SpooledBatch] = []
    private var inFlight = 0
    private var inFlightBytes = 0
    private var waitsForPlace = false
    private var backoff: Backoff
    private var pause: Timer?
    private var pausedUntil = MonotonicTime(nanoseconds: 0)
    /// Since when nothing has come through; nil while it does.
    private(set) var troubledSince: MonotonicTime?

    /// The batches of one lane that were not sent yet.
    private final class LaneQueue {
        let lane: LaneAccount
        var batches: [SpooledBatch] = []
        var next = 0
        init(_ lane: LaneAccount) { self.lane = lane }

        var first: SpooledBatch? { next < batches.count ? batches[next] : nil }

        func removeFirst() {
            next += 1
            if next == batches.count || next >= 64 {
                batches.removeSubrange(..<next)
                next = 0
            }
        }
    }

    private struct Sending {
        let batch: SpooledBatch
        let items: UInt64
        let sampled: UInt64
        let rawBytes: Int
        let parcel: CollectorDialect.Parcel
    }

    package init(
        _ name: String, loop: EventLoop, client: any RequestSender, options: Options, counters: ForwardCounters,
        packer: BatchPacker, refused: RefusedBatches, log: Log,
        settled: @escaping (SpooledBatch) -> Void
    ) {
        self.name = name
        self.loop = loop
        self.client = client
        self.options = options
        self.counters = counters
        self.packer = packer
        self.refused = refused
        self.log = log
        self.settled = settled
        encoding = options.encoding
        backoff = options.backoff
    }

    package func close() { client.close() }

    /// Nothing waits, is on its way or is to be sent again.
    var isQuiet: Bool { inFlight == 0 && again.isEmpty && queues.allSatisfy { $0.first == nil } }

    func add(_ batch: SpooledBatch) {
        if let queue = queues.first(where: { $0.lane === batch.lane }) {
            queue.batches.append(batch)
        } else {
            let queue = LaneQueue(batch.lane)
            queue.batches.append(batch)
            queues.append(queue)
        }
        pump()
    }

    /// Gives up the batches that the collector has surely not seen. One far from the oldest that is not settled stays, as it
    /// could not be noted as settled before that.
    func takeUnsent(atMost count: Int) -> [SpooledBatch] {
        var taken: [SpooledBatch] = []
        for queue in queues {
            while taken.count < count, let batch = queue.first, batch.lane.mayBeSettled(batch.sequence) {
                queue.removeFirst()
                taken.append(batch)
            }
        }
        return taken
    }

    /// Takes back what could not be moved, in the order in which it was taken.
    func putBack(_ batches: ArraySlice<SpooledBatch>) {
        for batch in batches.reversed() {
            guard let queue = queues.first(where: { $0.lane === batch.lane }) else { continue }
            queue.batches.insert(batch, at: queue.next)
        }
        pump()
    }

    // MARK: sending

    private func pump() {
        // After trouble one batch tries the way; the others follow when it has come through.
        let allowed = troubledSince == nil ? options.maxInFlight : 1
        while pause == nil, inFlight < allowed, let sending = takeNext() { send(sending) }
    }

    private func takeNext() -> Sending? {
        while let batch = takeBatch() {
            if let sending = prepare(batch) { return sending }
            giveBackRoom(of: batch)
        }
        return nil
    }

    /// What has to be sent again comes first. Then the lanes take turns.
    private func takeBatch() -> SpooledBatch? {
        if let first = again.first { return takeRoom(for: first) ? again.removeFirst() : nil }
        for step in 0..<queues.count {
            let index = (nextQueue + step) % queues.count
            guard let batch = queues[index].first, batch.lane.mayBeSent(batch.sequence), takeRoom(for: batch) else {
                continue
            }
            queues[index].removeFirst()
            nextQueue = (index + 1) % queues.count
            return batch
        }
        return nil
    }

    // MARK: memory

    private func takeRoom(for batch: SpooledBatch) -> Bool {
        guard batch.length > BatchPacker.largeBytes else {
            return inFlight == 0 || inFlightBytes + batch.length <= options.maxInFlightBytes
        }
        // It is asked for once, however often there is nothing else to do.
        guard !waitsForPlace else { return false }
        let isTaken = packer.placeForLarge.take { [weak self] in
            self?.waitsForPlace = false
            self?.pump()
        }
        waitsForPlace = !isTaken
        return isTaken
    }

    private func giveBackRoom(of batch: SpooledBatch) {
        if batch.length > BatchPacker.largeBytes { packer.placeForLarge.giveBack() }
    }

    // MARK: one batch

    /// Reads and packs a batch; nil when nothing of it has to be sent.
    private func prepare(_ batch: SpooledBatch) -> Sending? {
        do {
            let packed = try packer.pack(batch, encoding, options.dialect)
            guard packed.rawBytes > 0 else {
                finish(batch, items: packed.content.items, sampled: packed.content.sampled, LaneAccount.Outcome())
                return nil
            }
            let parcel = CollectorDialect.Parcel(
                kind: batch.lane.key.kind, body: packed.body,
                message: options.dialect.prefixLength..<packed.body.count, encoding: encoding,
                sender: batch.lane.sender.description, sequence: batch.sequence)
            return Sending(
                batch: batch, items: packed.content.items, sampled: packed.content.sampled,
                rawBytes: packed.rawBytes, parcel: parcel)
        } catch {
            log.error(
                "forward_unreadable", "a batch cannot be read back from the spool; it is lost",
                ["reason": "\(error)", "items": batch.items])
            finish(batch, items: 0, sampled: 0, LaneAccount.Outcome())
            return nil
        }
    }

    private func send(_ sending: Sending) {
        inFlight += 1
        let bytes = sending.batch.length > BatchPacker.largeBytes ? 0 : sending.parcel.body.count
        inFlightBytes += bytes
        let request = options.dialect.request(
            sending.parcel, authorization: options.authorization(), context: Self.ownContext())
        client.send(request, deadline: options.deadline) { [weak self] result in
            guard let self else { return }
            inFlight -= 1
            inFlightBytes -= bytes
            settle(sending, result)
            giveBackRoom(of: sending.batch)
            pump()
        }
    }

    /// A trace of its own for each request, not sampled: what stands between us and the collector can tell requests apart.
    private static func ownContext() -> [(String, String)] {
        var headers: [(String, String)] = []
        let context = TraceContext(traceID: .random(), spanID: .random(), flags: TraceFlags(rawValue: 0))
        Propagator().inject(context) { headers.append(($0, $1)) }
        return headers
    }

    private func settle(_ sending: Sending, _ result: Result<HTTPClientResponse, HTTPClientError>) {
        switch result {
        case .failure(let error) where error.reason == .closed:
            // The program ends; the spool keeps the batch.
            break
        case .failure(let error):
            trouble("the collector cannot be reached", error.description)
            retry(sending.batch, after: nil)
        case .success(let response):
            switch DeliveryVerdict.of(response, options.dialect, sending.parcel.encoding) {
            case .delivered(let rejected): deliver(sending, rejected)
            case .retry(let delay, let reason):
                trouble("the collector does not take batches now", reason)
                retry(sending.batch, after: delay)
            case .repack(let reason): repack(sending, reason)
            case .refused(let reason): refuse(sending, reason)
            }
        }
    }

    private func deliver(_ sending: Sending, _ rejected: Int) {
        comesThrough()
        counters.batches.add()
        counters.sentBytes.add(sending.parcel.body.count)
        counters.rawBytes.add(sending.rawBytes)
        var outcome = LaneAccount.Outcome()
        // The collector's word, so it may be any number.
        let rejected = min(UInt64(max(rejected, 0)), sending.items)
        outcome.forwarded = sending.items - rejected
        if rejected > 0 { outcome.dropped[.rejected] = rejected }
        finish(sending.batch, items: sending.items, sampled: sending.sampled, outcome)
    }

    private func refuse(_ sending: Sending, _ reason: String) {
        // It was looked at, so the way is open.
        comesThrough()
        counters.refused.add()
        let path = refused.keep(sending.parcel, reason: reason)
        log.error(
            "forward_refused", "the collector will never take this batch; it is set aside",
            [
                "collector": name, "reason": reason, "items": sending.items, "sender": sending.parcel.sender,
                "sequence": sending.parcel.sequence, "kept_as": path ?? "(no room)",
            ])
        var outcome = LaneAccount.Outcome()
        outcome.dropped[.refused] = sending.items
        finish(sending.batch, items: sending.items, sampled: sending.sampled, outcome)
    }

    private func repack(_ sending: Sending, _ reason: String) {
        if let plainer = sending.parcel.encoding.plainer, plainer != encoding, encoding == sending.parcel.encoding {
            encoding = plainer
            log.warning(
                "forward_encoding", "the collector does not take this encoding; another is used from now on",
                [
                    "collector": name, "refused": sending.parcel.encoding.rawValue, "used": plainer.rawValue,
                    "reason": reason,
                ])
        }
        again.insert(sending.batch, at: 0)
    }

    /// Items that the batch had and that were not read back are gone.
    private func finish(_ batch: SpooledBatch, items: UInt64, sampled: UInt64, _ outcome: LaneAccount.Outcome) {
        var outcome = outcome
        let damaged = batch.items - min(items, batch.items) + batch.sampled - min(sampled, batch.sampled)
        if damaged > 0 { outcome.dropped[.damaged] = damaged }
        if sampled > 0 { outcome.dropped[.sampled] = sampled }
        if let failure = batch.lane.settle(batch, outcome) {
            log.error(
                "spool_settle", "what was forwarded cannot be noted; it is sent again after a restart",
                ["reason": failure])
        }
        settled(batch)
    }

    /// It is read and packed again then: while a collector is away nothing is held for it in memory.
    private func retry(_ batch: SpooledBatch, after delay: Duration?) {
        counters.retries.add()
        again.append(batch)
        again.sort { $0.sequence < $1.sequence }
        let delay = delay ?? backoff.next(random: .random(in: .min ... .max))
        // Of several answers the one counts that asks for the longest time.
        guard loop.now() + delay > pausedUntil || pause == nil else { return }
        pausedUntil = loop.now() + delay
        pause?.cancel()
        pause = loop.schedule(after: delay) { [weak self] in
            self?.pause = nil
            self?.pump()
        }
    }

    private func comesThrough() {
        if troubledSince != nil {
            troubledSince = nil
            log.info("forward_resumed", "the collector takes batches again", ["collector": name])
        }
        backoff.reset()
        counters.reachable.set(1)
    }

    private func trouble(_ what: String, _ reason: String) {
        if troubledSince == nil { troubledSince = loop.now() }
        counters.reachable.set(0)
        log.warning("forward_trouble", what, ["collector": name, "reason": reason])
    }
}
