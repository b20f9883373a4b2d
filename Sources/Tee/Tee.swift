package import EventLoop
package import Files
import HTTP
package import OTLPDelivery
package import SegmentStore
package import SelfTelemetry
import WireFormat

/// Passes a copy of everything that is stored on to another backend, at least once and in the order of the store, which is
/// its queue: nothing waits in memory but what is on its way, and ingest never waits for it. Lives on a loop of its own,
/// whose thread reads the store.
package final class Tee {
    package struct Options: Sendable {
        package var dialect = CollectorDialect.http
        package var encoding = BatchEncoding.gzip
        package var headers: @Sendable () -> [(String, String)] = { [] }
        package var deadline = Duration.seconds(30)
        /// How long to wait for more to be stored.
        package var pause = Duration.milliseconds(100)
        package var saveInterval = Duration.seconds(1)
        /// How long to wait before the other backend's name is looked up again.
        package var connectPause = Duration.seconds(5)
        package var storage: any Storage = LocalStorage()
        package init() {}
    }

    /// Of one frame, so much goes into one request, or one record if that is larger.
    private static let batchBytes = 4 << 20
    /// Read at once; a frame begun is read to its end.
    private static let readBytes = 1 << 20

    private let store: SegmentStore
    private let path: String
    private let loop: EventLoop
    private let options: Options
    private let connect: () throws -> any RequestSender
    private let counters: TeeCounters
    private let log: Log
    private var queue: FrameQueue
    private var skipped = SkippedSegments()
    private var ready: [BatchCourier.Batch] = []
    private var courier: BatchCourier?
    private var saved: TeePosition?
    private var lastSave: MonotonicTime
    private var lastRetries: UInt64 = 0
    private var wasTroubled = false
    private var timer: Timer?
    private var isClosed = false

    /// - Parameters:
    ///   - directory: the store's own, where the position is kept.
    ///   - connect: makes the client; tried again later when it throws, as a name may not be known yet.
    package init(
        store: SegmentStore, directory: String, loop: EventLoop, options: Options, counters: TeeCounters, log: Log,
        connect: @escaping () throws -> any RequestSender
    ) {
        self.store = store
        path = directory + "/" + TeePosition.fileName
        self.loop = loop
        self.options = options
        self.connect = connect
        self.counters = counters
        self.log = log
        lastSave = loop.now()
        queue = FrameQueue(from: Self.start(path, store, log))
        counters.reachable.set(1)
    }

    private static func start(_ path: String, _ store: SegmentStore, _ log: Log) -> TeePosition {
        let fresh = TeePosition(sender: SenderID(high: .random(in: .min ... .max), low: .random(in: .min ... .max)))
        do {
            let (position, isDamaged) = try TeePosition.load(path)
            if isDamaged {
                log.error(
                    "tee_position_damaged", "all that is stored is passed on again", ["file": path])
            }
            guard let position else { return fresh }
            let newest = store.segmentPlaces().last?.number ?? 0
            // One ahead is a segment that is yet to begin.
            guard position.next.segment <= newest &+ 1 else {
                log.error(
                    "tee_position_foreign", "the position is of another store; all that is stored is passed on",
                    ["file": path, "segment": position.next.segment, "newest": newest])
                return fresh
            }
            return position
        } catch {
            log.error(
                "tee_position_unreadable", "all that is stored is passed on again",
                ["file": path, "reason": "\(error)"])
            return fresh
        }
    }

    package func begin() {
        // Before anything is sent: another sender after a crash would have the same requests stored twice.
        save()
        turn()
    }

    /// Gives up what is on its way, which is sent again after the next start, and keeps the position.
    package func close() {
        isClosed = true
        timer?.cancel()
        courier?.close()
        save()
    }

    /// Where it is: everything before was passed on.
    package var position: TeePosition { queue.done }

    // MARK: turns

    private func turn() {
        guard !isClosed else { return }
        measure()
        if loop.now() - lastSave >= options.saveInterval { save() }
        // Read also where nothing can be sent, so that it is known how old the oldest is.
        if courier == nil, ready.isEmpty { read() }
        if courier == nil { start() }
        fill()
        timer?.cancel()
        timer = loop.schedule(after: courier == nil ? options.connectPause : options.pause) { [weak self] in
            self?.turn()
        }
    }

    private func start() {
        let client: any RequestSender
        do {
            client = try connect()
        } catch {
            counters.reachable.set(0)
            log.warning("tee_unreachable", "the other backend cannot be found; trying again", ["reason": "\(error)"])
            return
        }
        var courierOptions = BatchCourier.Options()
        courierOptions.dialect = options.dialect
        courierOptions.encoding = options.encoding
        courierOptions.deadline = options.deadline
        courierOptions.headers = options.headers
        courierOptions.backoff = Backoff(cap: .seconds(10))
        let made = BatchCourier(loop: loop, client: client, options: courierOptions) { [weak self] batch, outcome in
            self?.settle(batch, outcome)
        }
        made.onTrouble = { [weak self] reason in self?.tellTrouble(reason) }
        courier = made
    }

    private func fill() {
        guard let courier, !isClosed else { return }
        while courier.hasRoom {
            if ready.isEmpty { read() }
            guard !ready.isEmpty else { return }
            courier.send(ready.removeFirst())
        }
    }

    private func settle(_ batch: BatchCourier.Batch, _ outcome: BatchCourier.Outcome) {
        counters.batches.add()
        switch outcome {
        case .delivered(let rejected):
            counters.sent[batch.kind]?.add(batch.items - rejected)
            counters.rejected[batch.kind]?.add(rejected)
            if rejected > 0 {
                log.warning(
                    "tee_partly_rejected", "the other backend left items out",
                    ["signal": "\(batch.kind)", "items": rejected])
            }
        case .refused(let reason), .gaveUp(let reason):
            counters.refused[batch.kind]?.add(batch.items)
            log.error(
                "tee_refused", "the other backend will never take this request; it is left out",
                ["signal": "\(batch.kind)", "items": batch.items, "reason": reason])
        }
        if wasTroubled {
            wasTroubled = false
            counters.reachable.set(1)
            log.info("tee_resumed", "the other backend takes requests again")
        }
        _ = queue.settle(batch.tag)
        fill()
    }

    private func tellTrouble(_ reason: String) {
        counters.retries.add()
        counters.reachable.set(0)
        wasTroubled = true
        log.warning("tee_trouble", "the other backend takes nothing now; what is stored waits", ["reason": reason])
    }

    // MARK: reading

    /// Reads some frames behind the last that were read, and makes their batches.
    private func read() {
        var position: RecordPosition?
        var records: [StoredRecord] = []
        var bytes = 0
        do throws(StoreError) {
            try store.forEachRecord(from: queue.readNext) { record in
                if let current = position, current != record.position {
                    add(current, records)
                    (position, records) = (nil, [])
                    if bytes >= Self.readBytes { return false }
                }
                bytes += record.body.count
                position = record.position
                records.append(record)
                return true
            }
        } catch {
            log.error("tee_unreadable", "the store cannot be read now; trying again", ["reason": "\(error)"])
        }
        if let position { add(position, records) }
    }

    /// Requests of one signal each. How a frame is cut follows from the frame alone, so the same numbers always name the same
    /// requests, and a collector of ours takes each once.
    private func add(_ position: RecordPosition, _ records: [StoredRecord]) {
        var parts: [(kind: SignalKind, message: [UInt8], items: Int)] = []
        for record in records {
            let index = parts.lastIndex { $0.kind == record.kind }
            if let index, parts[index].message.count + record.body.count <= Self.batchBytes {
                parts[index].message += record.body
                parts[index].items += record.items
            } else {
                parts.append((record.kind, record.body, record.items))
            }
        }
        let items = records.reduce(0) { $0 + UInt64($1.items) }
        let receivedAt = records.map(\.receivedAt).min() ?? 0
        let tag = queue.add(position, items: items, receivedAt: receivedAt, batches: parts.count)
        for (number, part) in parts.enumerated() {
            ready.append(
                BatchCourier.Batch(
                    kind: part.kind, message: part.message, items: part.items, sequence: UInt64(position.frame),
                    sender: sender(position.segment, part: number), tag: tag))
        }
    }

    /// One sender for each segment and place among a frame's requests, so that its numbers are those of frames.
    private func sender(_ segment: UInt32, part: Int) -> String {
        var sender = queue.done.sender
        sender.low ^= UInt64(segment) << 16 | UInt64(part & 0xFFFF)
        return sender.description
    }

    // MARK: what is known

    private func measure() {
        let places = store.segmentPlaces()
        let lost = skipped.look(at: places, done: queue.done)
        if lost.segments > 0 {
            counters.skipped.add(Int(clamping: lost.items))
            counters.skippedSegments.add(Int(clamping: lost.segments))
            log.error(
                "tee_skipped", "retention deleted what was not passed on yet",
                ["items": lost.items, "segments": lost.segments])
        }
        counters.lagItems.set(Int(clamping: SkippedSegments.behind(queue.done, places)))
        let now = wallClockNanoseconds()
        let age = queue.oldest.map { now > $0 ? (now - $0) / 1_000_000_000 : 0 } ?? 0
        counters.lagSeconds.set(Int(clamping: age))
    }

    private func save() {
        lastSave = loop.now()
        guard saved != queue.done else { return }
        do throws(StorageFailure) {
            try queue.done.save(path, storage: options.storage)
            saved = queue.done
        } catch {
            log.error(
                "tee_position_not_saved", "what was passed on since is sent again after a restart",
                ["reason": "\(error)"])
        }
    }
}
