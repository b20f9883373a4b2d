package import EventLoop
package import HTTP
package import OTLPDelivery
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
    private var again = RetryList()
    /// Batches that came through.
    private var passed: UInt64 = 0
    private var isClosed = false
    private var inFlight = 0
    private var inFlightBytes = 0
    private var waitedFor: PlaceForLarge?
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

        /// In the order of numbers: one that could not be moved comes back after others.
        func insert(_ batch: SpooledBatch) {
            let place = batches[next...].lastIndex { $0.sequence < batch.sequence }.map { $0 + 1 } ?? next
            batches.insert(batch, at: place)
        }

        /// The first that its collector has surely not seen, if it could be noted that it is settled.
        func takeUnsent() -> SpooledBatch? {
            guard let index = batches[next...].firstIndex(where: { !$0.wasPerhapsSent }),
                batches[index].lane.mayBeSettled(batches[index].sequence)
            else { return nil }
            return batches.remove(at: index)
        }

        func removeFirst() {
            next += 1
            if next == batches.count || next >= 64 {
                batches.removeSubrange(..<next)
                next = 0
            }
        }
    }

    private struct Sending {
        let entry: RetryList.Entry
        let items: UInt64
        let sampled: UInt64
        let rawBytes: Int
        let encoding: BatchEncoding
        /// Of the body, which only the client holds.
        let bytes: Int

        var batch: SpooledBatch { entry.batch }
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

    package func close() {
        isClosed = true
        client.close()
    }

    /// Nothing waits, is on its way or is to be sent again.
    var isQuiet: Bool { inFlight == 0 && again.isEmpty && queues.allSatisfy { $0.first == nil } }

    func add(_ batch: SpooledBatch) {
        if let queue = queues.first(where: { $0.lane === batch.lane }) {
            queue.insert(batch)
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
            while taken.count < count, let batch = queue.takeUnsent() { taken.append(batch) }
        }
        return taken
    }

    /// Takes back what could not be moved.
    func putBack(_ batches: ArraySlice<SpooledBatch>) {
        for batch in batches {
            guard let queue = queues.first(where: { $0.lane === batch.lane }) else { continue }
            queue.insert(batch)
        }
        pump()
    }

    // MARK: sending

    private func pump() {
        // After trouble one batch tries the way; the others follow when it has come through.
        let allowed = troubledSince == nil ? options.maxInFlight : 1
        while !isClosed, pause == nil, inFlight < allowed, let entry = takeEntry() {
            let place = entry.batch.length > BatchPacker.largeBytes ? placeForLarge : nil
            if !send(entry, place) { place?.giveBack() }
        }
    }

    /// What has to be sent again comes first. Then the lanes take turns.
    private func takeEntry() -> RetryList.Entry? {
        let isNothingElse = queues.allSatisfy { queue in
            queue.first.map { !$0.lane.mayBeSent($0.sequence) } ?? true
        }
        if !again.isEmpty, let entry = again.take(isNothingElse: isNothingElse, where: takeRoom) { return entry }
        for step in 0..<queues.count {
            let index = (nextQueue + step) % queues.count
            guard let batch = queues[index].first, batch.lane.mayBeSent(batch.sequence), takeRoom(for: batch) else {
                continue
            }
            queues[index].removeFirst()
            nextQueue = (index + 1) % queues.count
            return RetryList.Entry(batch: batch, attempts: RetryList.Attempts(passedBefore: passed))
        }
        return nil
    }

    // MARK: memory

    /// Those in trouble have a place of their own: who waits for an answer that does not come must not hold the others' place.
    private var placeForLarge: PlaceForLarge {
        troubledSince == nil ? packer.placeForLarge : packer.placeInTrouble
    }

    private func takeRoom(for batch: SpooledBatch) -> Bool {
        guard batch.length > BatchPacker.largeBytes else {
            return inFlight == 0 || inFlightBytes + batch.length <= options.maxInFlightBytes
        }
        // It is asked for once, however often there is nothing else to do.
        let place = placeForLarge
        guard waitedFor !== place else { return false }
        let isTaken = place.take { [weak self] in
            guard let self else { return }
            if waitedFor === place { waitedFor = nil }
            pump()
        }
        if !isTaken { waitedFor = place }
        return isTaken
    }

    // MARK: one batch

    /// Reads, packs and sends a batch. False when nothing of it has to be sent, or it cannot be now.
    private func send(_ entry: RetryList.Entry, _ place: PlaceForLarge?) -> Bool {
        let batch = entry.batch
        let packed: BatchPacker.Packed
        do {
            packed = try packer.pack(batch, encoding, options.dialect)
        } catch {
            noteUnreadable(entry, error)
            return false
        }
        guard packed.rawBytes > 0 else {
            finish(batch, items: packed.content.items, sampled: packed.content.sampled, LaneAccount.Outcome())
            return false
        }
        let sending = Sending(
            entry: entry, items: packed.content.items, sampled: packed.content.sampled, rawBytes: packed.rawBytes,
            encoding: encoding, bytes: packed.body.count)
        let request = options.dialect.request(
            parcel(of: batch, packed, encoding), authorization: options.authorization(), context: Self.ownContext())
        // What has a place of its own does not count beside the others.
        let bytes = place == nil ? sending.bytes : 0
        inFlight += 1
        inFlightBytes += bytes
        client.send(request, deadline: options.deadline) { [weak self] result in
            guard let self else { return }
            inFlight -= 1
            inFlightBytes -= bytes
            settle(sending, result)
            place?.giveBack()
            pump()
        }
        return true
    }

    private func parcel(
        of batch: SpooledBatch, _ packed: BatchPacker.Packed, _ encoding: BatchEncoding
    ) -> CollectorDialect.Parcel {
        CollectorDialect.Parcel(
            kind: batch.lane.key.kind, body: packed.body, message: options.dialect.prefixLength..<packed.body.count,
            encoding: encoding, sender: batch.lane.sender.description, sequence: batch.sequence)
    }

    private func noteUnreadable(_ entry: RetryList.Entry, _ error: any Error) {
        var entry = entry
        entry.attempts.unreadable += 1
        let isLost = entry.attempts.unreadable >= RetryList.mostUnreadable
        log.error(
            "forward_unreadable",
            isLost
                ? "a batch cannot be read back from the spool; it is lost"
                : "a batch cannot be read back from the spool now; it is tried again",
            ["reason": "\(error)", "items": entry.batch.items])
        guard isLost else { return retry(entry, after: nil) }
        finish(entry.batch, items: 0, sampled: 0, LaneAccount.Outcome())
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
            retry(sending.entry, after: nil)
        case .success(let response):
            switch DeliveryVerdict.of(response, options.dialect, sending.encoding) {
            case .delivered(let rejected): deliver(sending, rejected)
            case .retry(let delay, let reason):
                trouble("the collector does not take batches now", reason)
                retryAnswered(sending, after: delay, reason)
            case .repack(let reason): repack(sending, reason)
            case .refused(let reason): refuse(sending, reason)
            }
        }
    }

    private func deliver(_ sending: Sending, _ rejected: Int) {
        comesThrough()
        passed += 1
        counters.batches.add()
        counters.sentBytes.add(sending.bytes)
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
        // Packed again, as hardly any batch is refused and no body need be held for that.
        let packed = try? packer.pack(sending.batch, sending.encoding, options.dialect)
        let path = packed.flatMap { refused.keep(parcel(of: sending.batch, $0, sending.encoding), reason: reason) }
        log.error(
            "forward_refused", "the collector will never take this batch; it is set aside",
            [
                "collector": name, "reason": reason, "items": sending.items, "sender": sending.batch.lane.sender,
                "sequence": sending.batch.sequence, "kept_as": path ?? "(no room)",
            ])
        var outcome = LaneAccount.Outcome()
        outcome.dropped[.refused] = sending.items
        finish(sending.batch, items: sending.items, sampled: sending.sampled, outcome)
    }

    private func repack(_ sending: Sending, _ reason: String) {
        if let plainer = sending.encoding.plainer, plainer != encoding, encoding == sending.encoding {
            encoding = plainer
            log.warning(
                "forward_encoding", "the collector does not take this encoding; another is used from now on",
                [
                    "collector": name, "refused": sending.encoding.rawValue, "used": plainer.rawValue,
                    "reason": reason,
                ])
        }
        again.add(sending.entry)
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

    private func retryAnswered(_ sending: Sending, after delay: Duration?, _ reason: String) {
        var entry = sending.entry
        if delay == nil {
            entry.attempts.answered += 1
            if passed > entry.attempts.passedBefore { entry.attempts.strikes += 1 }
        }
        entry.attempts.passedBefore = passed
        guard !entry.attempts.isHopeless else {
            return refuse(sending, "\(reason); it failed again and again while others came through")
        }
        retry(entry, after: delay)
    }

    /// It is read and packed again then: while a collector is away nothing is held for it in memory.
    private func retry(_ entry: RetryList.Entry, after delay: Duration?) {
        counters.retries.add()
        again.add(entry)
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
