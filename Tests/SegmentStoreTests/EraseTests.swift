import Files
import StorageTesting
import Testing
import TraceModel

@testable import SegmentStore

@Suite("Erasing spans")
struct EraseTests {
    private let sender = SenderID(high: 5, low: 5)

    /// Twelve batches of three traces, in small segments; traces 30 and 31 come in pieces, over several of them.
    private func batches() -> [IngestRecord] {
        (UInt64(0)..<12).map { number in
            Samples.traces(
                [number * 2, number * 2 + 1, 30 + number % 2], sender: sender, sequence: number + 1,
                receivedAt: 1_000 + number)
        }
    }

    private func options(_ change: (inout StoreOptions) -> Void = { _ in }) -> StoreOptions {
        quick {
            $0.segmentBytes = 700
            $0.frameBytes = 300
            $0.ledgerInterval = .zero
            $0.retryPause = .milliseconds(1)
            change(&$0)
        }
    }

    private func spans(of store: SegmentStore) throws -> [TraceID: Int] {
        var result: [TraceID: Int] = [:]
        for number in Array(UInt64(0)..<24) + [30, 31] {
            let places = try store.places(of: Samples.id(number), limit: 100)
            if places.spans > 0 { result[Samples.id(number)] = places.spans }
        }
        return result
    }

    private func expectSums(_ store: SegmentStore, deleted: UInt64, _ comment: Comment? = nil) throws {
        let ledger = store.ledger()
        #expect(ledger.stored.spans == 72, comment)
        #expect(ledger.held.spans == 72 - deleted, comment)
        #expect(ledger.deleted.spans == deleted, comment)
        #expect(ledger.damaged == ItemCounts(), comment)
        var readable = ItemCounts()
        for record in try store.records() { readable.add(UInt64(record.items), of: record.kind) }
        #expect(readable == ledger.held, comment)
    }

    @Test("Whole traces go from every segment, the growing one too; all others stay where they were, over a restart")
    func erasesTraces() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: options())
        for batch in batches() { #expect(store.append(batch) == .success(.stored)) }
        #expect(store.append(Samples.metrics(1)) == .success(.stored))
        var positions: [UInt64: RecordPosition] = [:]
        for record in try store.records() { positions[record.sequence] = record.position }
        let gone: Set = [Samples.id(3), Samples.id(30)]

        let erased = try store.erase(.traces(gone))
        #expect(erased.traces == gone)
        #expect(erased.removed == ItemCounts(spans: 14))
        #expect(!erased.isLeftBehind)
        #expect(erased.segments.count >= 3)
        let left = try spans(of: store)
        #expect(left.count == 24)
        #expect(left[Samples.id(31)] == 12 && left[Samples.id(2)] == 2)
        #expect(!store.recentTraces(limit: 1024).contains { gone.contains($0) })
        for record in try store.records() { #expect(record.position == positions[record.sequence]) }
        try expectSums(store, deleted: 14)
        #expect(store.statistics.damagedFrames == 0)
        #expect(store.statistics.erased.spans == 14)
        // What is erased is not sent again by mistake: its number is known.
        for batch in batches() { #expect(store.append(batch) == .success(.duplicate)) }
        #expect(try store.erase(.traces(gone)) == ErasedSpans())
        store.waitUntilSealed()
        store.close()
        #expect(try StoreInspection(directory: directory.path).check().damages == [])

        let again = try SegmentStore.open(directory: directory.path, options: options())
        defer { again.close() }
        #expect(try spans(of: again) == left)
        #expect(!again.recentTraces(limit: 1024).contains { gone.contains($0) })
        try expectSums(again, deleted: 14)
        for batch in batches() { #expect(again.append(batch) == .success(.duplicate)) }
    }

    @Test("No byte of an erased trace's id or names is left in any file")
    func leavesNoBytes() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: options())
        for batch in batches() { _ = store.append(batch) }
        let id = Samples.id(31)
        _ = try store.erase(.traces([id]))
        store.waitUntilSealed()
        store.close()
        let inspection = try StoreInspection(directory: directory.path)
        var checked = 0
        for segment in try inspection.segments() {
            try inspection.forEachPiece(of: segment) { piece in
                guard case .frame(let frame) = piece else { return true }
                for record in frame.records {
                    checked += 1
                    #expect(!String(decoding: record.body, as: UTF8.self).contains("of 31"))
                }
                return true
            }
        }
        #expect(checked == 12)
        let bytes = id.bytes
        let little = withUnsafeBytes(of: (id.high.littleEndian, id.low.littleEndian)) { Array($0) }
        for name in directory.names() {
            let content = directory.bytes(name)
            for pattern in [bytes, little] {
                let found = content.indices.contains { content[$0...].starts(with: pattern) }
                #expect(!found, "\(name)")
            }
        }
    }

    @Test("Single spans go, and their trace stays")
    func erasesSpans() throws {
        let store = try SegmentStore.open(directory: TemporaryDirectory().path, options: options())
        defer { store.close() }
        for batch in batches() { _ = store.append(batch) }
        let address = SpanAddress(trace: Samples.id(30), span: SpanID(value: 30 << 8 | 1))
        let erased = try store.erase(.spans([address]))
        #expect(erased.removed.spans == 6)
        #expect(try store.places(of: Samples.id(30), limit: 100).spans == 6)
        #expect(store.recentTraces(limit: 1024).contains(Samples.id(30)))
        try expectSums(store, deleted: 6)
    }

    @Test("A segment of which nothing is left is deleted")
    func deletesEmptySegments() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: options { $0.segmentBytes = 1 })
        defer { store.close() }
        _ = store.append(Samples.traces([1]))
        _ = store.append(Samples.traces([2]))
        let erased = try store.erase(.traces([Samples.id(1)]))
        #expect(erased.segments.map(\.isGone) == [true])
        #expect(directory.names().filter { $0.hasPrefix("00000001") } == [])
        #expect(store.ledger().deleted.spans == 2)
        #expect(store.ledger().damaged == ItemCounts())
    }

    @Test("Who reads with a view from before sees the rest of the traces, and no damage")
    func oldViews() throws {
        let store = try SegmentStore.open(directory: TemporaryDirectory().path, options: options())
        defer { store.close() }
        for batch in batches() { _ = store.append(batch) }
        let fresh = StoreReader(store)
        let begun = StoreReader(store)
        #expect(try begun.trace(Samples.id(0)) != nil)
        _ = try store.erase(.traces([Samples.id(30)]))
        _ = try store.erase(.traces([Samples.id(1)]))
        for reader in [fresh, begun] {
            for number in UInt64(2)..<24 {
                #expect(try reader.trace(Samples.id(number))?.message == store.trace(Samples.id(number)))
            }
            #expect(reader.unreadableFrames == 0)
        }
        #expect(try fresh.trace(Samples.id(1)) == nil)
        #expect(store.statistics.damagedFrames == 0)
    }

    @Test("Readers beside erasures never miss a trace that stays, however their moments meet")
    func readsBesideErasing() throws {
        let store = try SegmentStore.open(directory: TemporaryDirectory().path, options: options())
        defer { store.close() }
        for batch in batches() { _ = store.append(batch) }
        let state = Monitor<(isDone: Bool, reads: Int, missing: [UInt64])>((false, 0, []))
        let readers = try (0..<2).map { kind in
            try WorkerThread(name: "reader") {
                while !state.withLock({ $0.isDone }) {
                    let reader = StoreReader(store)
                    for number in UInt64(12)..<24 {
                        let id = Samples.id(number)
                        let found = kind == 0 ? (try? store.trace(id)) != nil : (try? reader.trace(id)) != nil
                        state.update {
                            $0.reads += 1
                            if !found { $0.missing.append(number) }
                        }
                    }
                }
            }
        }
        for number in Array(UInt64(0)..<12) + [30, 31] { _ = try store.erase(.traces([Samples.id(number)])) }
        // Both have read since the last.
        let reads = state.withLock { $0.reads }
        _ = state.wait(atMost: 60_000_000_000) { $0.reads > reads + 24 ? true : nil }
        state.update { $0.isDone = true }
        for reader in readers { reader.join() }
        let end = state.withLock { $0 }
        #expect(end.reads > 24 && end.missing == [])
        #expect(store.statistics.damagedFrames == 0)
        try expectSums(store, deleted: 12 * 2 + 24)
    }

    @Test("A frame that was damaged before counts as damaged, and what the quarantine kept of the segment goes")
    func damagedFrames() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: options { $0.segmentBytes = 1 << 20 })
        defer { store.close() }
        for batch in batches() { _ = store.append(batch) }
        store.roll()
        store.waitUntilSealed()
        try makeDirectories(directory.path + "/quarantine")
        directory.write([1, 2, 3], to: "quarantine/1-77.damaged")
        directory.write([1, 2, 3], to: "quarantine/2-77.damaged")
        // The payload of the first frame.
        let position = SegmentHeader.length + FrameHeader.length + 10
        let byte = directory.bytes("00000001.log")[position]
        let file = try LocalStorage().openForWriting(directory.path + "/00000001.log")
        try file.write([byte ^ 1], at: position)
        file.close()
        let erased = try store.erase(.traces([Samples.id(31)]))
        #expect(erased.segments.map(\.unreadableFrames) == [1])
        #expect(erased.removed.spans == 12)
        #expect(erased.quarantinedFiles == 1)
        #expect(fileExists(directory.path + "/quarantine/2-77.damaged"))
        let ledger = store.ledger()
        #expect(ledger.damaged.spans == 6)
        #expect(ledger.deleted.spans == 12)
        #expect(ledger.held.spans == 54)
    }

    @Test(
        "A crash at every single operation of an erasure: nothing else is lost, the sums are exact, again does the rest"
    )
    func everyCrash() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: options())
        for batch in batches() { _ = store.append(batch) }
        store.close()
        let gone: Set = [Samples.id(3), Samples.id(30)]
        var operations = 0
        var died = true
        while died {
            operations += 1
            let copy = directory.copy()
            let storage = DyingStorage(after: operations)
            let events = Events()
            let dying = try SegmentStore.open(
                directory: copy.path,
                options: options {
                    $0.sync = true; $0.storage = storage
                }, log: events.log)
            _ = try? dying.erase(.traces(gone))
            dying.close()
            died = storage.isDead

            let comment: Comment = "after \(operations) operations: \(events.all)"
            let check = try StoreInspection(directory: copy.path).check()
            #expect(check.damages == [], comment)
            let again = try SegmentStore.open(directory: copy.path, options: options())
            let found = try spans(of: again)
            let missing = 72 - UInt64(found.values.reduce(0, +))
            #expect(found.filter { !gone.contains($0.key) }.count == 24, comment)
            #expect(found.filter { !gone.contains($0.key) }.values.reduce(0, +) == 58, comment)
            try expectSums(again, deleted: missing, comment)
            if !died { #expect(missing == 14) }
            for batch in batches() { #expect(again.append(batch) == .success(.duplicate), comment) }
            _ = try again.erase(.traces(gone))
            try expectSums(again, deleted: 14, comment)
            #expect(again.statistics.damagedFrames == 0, comment)
            again.close()
            #expect(copy.names().allSatisfy { !$0.hasSuffix(".new") }, comment)
        }
        #expect(operations > 30)
    }

    @Test(
        "A power cut at any moment of an erasure leaves old or new segments, and exact sums",
        arguments: 0..<UInt64(LongRun.count("HMS_POWER_CUTS", short: 200)) / 4)
    func powerCuts(number: UInt64) throws {
        let seed = LongRun.seed(short: 1) &+ number
        var generator = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let storage = PowerCutStorage(directory: directory)
        let store = try SegmentStore.open(
            directory: directory.path,
            options: options {
                $0.sync = true; $0.storage = storage
            })
        for batch in batches() { _ = store.append(batch) }
        let gone: Set = [Samples.id(3), Samples.id(30)]
        storage.cut(after: Int.random(in: 0..<70, using: &generator))
        _ = try? store.erase(.traces(gone))
        store.close()
        let left = TemporaryDirectory()
        storage.leave(in: left, using: &generator)

        #expect(try StoreInspection(directory: left.path).check().damages == [], "seed \(seed)")
        let again = try SegmentStore.open(directory: left.path, options: options())
        let found = try spans(of: again)
        #expect(found.filter { !gone.contains($0.key) }.values.reduce(0, +) == 58, "seed \(seed)")
        try expectSums(again, deleted: 72 - UInt64(found.values.reduce(0, +)), "seed \(seed)")
        _ = try again.erase(.traces(gone))
        try expectSums(again, deleted: 14, "seed \(seed)")
        #expect(again.statistics.damagedFrames == 0, "seed \(seed)")
        again.close()
        #expect(try StoreInspection(directory: left.path).check().damages == [], "seed \(seed)")
    }
}
