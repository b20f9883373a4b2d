import StorageTesting
import Testing
import TraceModel
import WireFormat

@testable import SegmentStore

/// A store's lives, each ended by a power cut at a moment drawn by lot, and what must be true of it at the start of each.
struct PowerCutLoad: CustomStringConvertible {
    private struct Batch {
        var record: IngestRecord
        var trace: TraceID
        /// Acknowledged, or found after a start, which makes it as durable.
        var isStored = false
        /// Where it was seen last.
        var segment: UInt32?
        var wasDeleted = false
    }

    private let seed: UInt64
    private var generator: SeededGenerator
    private var directory = TemporaryDirectory()
    private var batches: [Batch] = []
    private var byBody: [[UInt8]: Int] = [:]
    private let senders = (UInt64(1)...3).map { SenderID(high: $0, low: 7) }
    private var sequences: [UInt64] = [0, 0, 0]
    /// Logs whose deletion began, in any life.
    private var removedLogs: Set<String> = []
    private(set) var sealedSegments = 0
    private(set) var unanswered = 0
    private var cuts = 0

    var deletedBatches: Int { batches.count(where: \.wasDeleted) }
    var description: String {
        "\(cuts) cuts, \(batches.count) batches, \(unanswered) unanswered, \(sealedSegments) segments sealed, "
            + "\(deletedBatches) batches deleted"
    }

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    private func options(_ storage: PowerCutStorage) -> StoreOptions {
        var options = StoreOptions()
        options.storage = storage
        options.commitPause = .zero
        options.segmentBytes = 6 << 10
        options.frameBytes = 2 << 10
        options.maxBytes = 50 << 10
        options.ledgerInterval = .zero
        options.retryPause = .milliseconds(1)
        options.retentionInterval = .seconds(3600)
        return options
    }

    /// Starts, checks what is there, works until the power is cut, and leaves what may be on the disk then.
    mutating func live() throws {
        let storage = PowerCutStorage(directory: directory)
        let store = try start(storage)
        try check(store, storage)
        storage.cut(after: Int.random(in: 0..<120, using: &generator))
        for _ in 0..<400 where !storage.isCut { try work(store) }
        // Sometimes the power goes while the store closes, and sometimes after it.
        store.close()
        leave(storage)
        if Int.random(in: 0..<3, using: &generator) == 0 { try startInVain() }
    }

    /// A last start and check, and all again that was not acknowledged.
    mutating func end() throws {
        let storage = PowerCutStorage(directory: directory)
        let store = try start(storage)
        try check(store, storage)
        store.waitUntilSealed()
        store.close()
        try expectIntact()
    }

    /// The power is cut again while the store starts.
    private mutating func startInVain() throws {
        let storage = PowerCutStorage(
            directory: directory, cutAfter: Int.random(in: 0..<12, using: &generator))
        let store = try SegmentStore.open(directory: directory.path, options: options(storage))
        store.close()
        leave(storage)
    }

    private mutating func noteRemoved(_ storage: PowerCutStorage) {
        removedLogs.formUnion(storage.removed.filter { $0.hasSuffix(".log") })
    }

    private mutating func leave(_ storage: PowerCutStorage) {
        noteRemoved(storage)
        let left = TemporaryDirectory()
        storage.leave(in: left, using: &generator)
        directory = left
        cuts += 1
    }

    /// Retention looks as soon as the store is open, so what is there is read before.
    private mutating func start(_ storage: PowerCutStorage) throws -> SegmentStore {
        try expectIntact()
        let inspection = try StoreInspection(directory: directory.path)
        for segment in try inspection.segments() {
            try inspection.forEachPiece(of: segment) { piece in
                if case .frame(let frame) = piece { for record in frame.records { noteFound(record) } }
                return true
            }
        }
        let store = try SegmentStore.open(directory: directory.path, options: options(storage))
        // Retention looks by itself once, before or behind the first time it is asked to.
        store.sweep()
        store.sweep()
        return store
    }

    private mutating func noteFound(_ record: StoredRecord) {
        guard let batch = byBody[record.body] else { return }
        batches[batch].segment = record.position.segment
        batches[batch].isStored = true
    }

    /// What a cut leaves is no damage: at most a commit of the last log that never ended.
    private func expectIntact() throws {
        let damages = try StoreInspection(directory: directory.path).check().damages
        #expect(
            damages.allSatisfy { $0.reason.hasSuffix(SegmentInspection.perhapsTorn) },
            "seed \(seed), after cut \(cuts): \(damages)")
    }

    // MARK: - What must be true

    private mutating func check(_ store: SegmentStore, _ storage: PowerCutStorage) throws {
        let place = "seed \(seed), after cut \(cuts)"
        noteRemoved(storage)
        var present: Set<Int> = []
        for record in try store.records() {
            guard let batch = byBody[record.body] else {
                Issue.record("\(place): a record that was never sent")
                continue
            }
            #expect(present.insert(batch).inserted, "\(place): batch \(batch) is there twice")
            #expect(record.sender == batches[batch].record.sender && record.sequence == batches[batch].record.sequence)
            #expect(batches[batch].isStored, "\(place): batch \(batch) is in no whole frame")
            batches[batch].segment = record.position.segment
            batches[batch].wasDeleted = false
        }
        var stored = ItemCounts()
        var held = ItemCounts()
        for index in batches.indices where batches[index].isStored {
            let batch = batches[index]
            stored.add(UInt64(batch.record.items), of: .traces)
            if present.contains(index) {
                held.add(UInt64(batch.record.items), of: .traces)
                #expect(try store.trace(batch.trace) == Array(batch.record.body), "\(place): batch \(index)")
            } else {
                let log = batch.segment.map { Segment.paths("", $0).log.dropFirst() }
                let isDeleted = log.map { removedLogs.contains(String($0)) } ?? false
                #expect(isDeleted, "\(place): batch \(index), last seen in \(log ?? "none"), is missing")
                #expect(try store.trace(batch.trace) == nil)
                batches[index].wasDeleted = true
            }
        }
        let ledger = store.ledger()
        #expect(ledger.stored == stored, "\(place)")
        #expect(ledger.held == held, "\(place)")
        #expect(ledger.damaged == ItemCounts(), "\(place)")
        #expect(ledger.deleted == stored.less(held), "\(place)")
        #expect(store.statistics.unindexedRecords == 0)
        try sendAgain(store, place)
    }

    /// What was not acknowledged is stored now, unless it is there; what is or was there is known.
    private mutating func sendAgain(_ store: SegmentStore, _ place: String) throws {
        let again = batches.indices.filter { batches[$0].record.sender != nil }
        let known = again.map { batches[$0].isStored }
        let outcomes = store.appendAll(again.map { batches[$0].record })
        for (index, (isKnown, outcome)) in zip(again, zip(known, outcomes)) {
            #expect(outcome == .success(isKnown ? .duplicate : .stored), "\(place): batch \(index) comes again")
            batches[index].isStored = true
        }
        try notePlaces(store)
    }

    // MARK: - Load

    private mutating func work(_ store: SegmentStore) throws {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0:
            // Before anything is deleted it is noted where everything is.
            try notePlaces(store)
            store.sweep()
        case 1: store.countRejected(3, of: .traces, reason: "busy")
        case 2, 3:
            let candidates = batches.indices.filter { batches[$0].record.sender != nil }
            submit(store, (0..<3).compactMap { _ in candidates.randomElement(using: &generator) })
        default: submit(store, (0..<Int.random(in: 1...6, using: &generator)).map { _ in makeBatch() })
        }
    }

    private mutating func submit(_ store: SegmentStore, _ wanted: [Int]) {
        let outcomes = store.appendAll(wanted.map { batches[$0].record })
        for (index, outcome) in zip(wanted, outcomes) {
            switch outcome {
            case .success: batches[index].isStored = true
            case .failure: unanswered += 1
            }
        }
    }

    private mutating func makeBatch() -> Int {
        let number = UInt64(batches.count)
        let lane = Int.random(in: 0...3, using: &generator)
        var sequence: UInt64 = 0
        if lane < 3 {
            // Holes in the numbers stay: batches that were given up.
            sequences[lane] += Bool.random(using: &generator) ? 1 : 2
            sequence = sequences[lane]
        }
        let record = Samples.traces(
            [number], sender: lane < 3 ? senders[lane] : nil, sequence: sequence, receivedAt: 1_000 + number,
            service: "service \(UInt64.random(in: 0..<50, using: &generator))",
            perTrace: Int.random(in: 1...60, using: &generator))
        byBody[Array(record.body)] = batches.count
        batches.append(Batch(record: record, trace: Samples.id(number)))
        return batches.count - 1
    }

    private mutating func notePlaces(_ store: SegmentStore) throws {
        var sealed: Set<UInt32> = []
        for record in try store.records() {
            if let batch = byBody[record.body] { batches[batch].segment = record.position.segment }
            sealed.insert(record.position.segment)
        }
        sealedSegments = max(sealedSegments, Int(sealed.max() ?? 0))
    }
}
