import Files
import Glibc
import StorageTesting
import Testing

@testable import SegmentStore

@Suite struct FaultTests {
    private func options(_ storage: FaultyStorage, _ clock: TestClock? = nil) -> StoreOptions {
        var options = StoreOptions()
        options.storage = storage
        options.retryPause = .milliseconds(1)
        if let clock { options.clock = clock.clock }
        return options
    }

    /// Appends until the store takes it again: every failure is an answer too.
    private func appendUntilStored(_ store: SegmentStore, _ record: IngestRecord) -> Bool {
        for _ in 0..<100_000 where store.append(record) == .success(.stored) { return true }
        return false
    }

    @Test("On a full disk records are refused with the reason, what is stored is read, and writing resumes by itself")
    func diskFull() throws {
        let directory = TemporaryDirectory()
        let storage = FaultyStorage()
        let events = Events()
        let store = try SegmentStore.open(directory: directory.path, options: options(storage), log: events.log)
        #expect(store.append(Samples.traces([1])) == .success(.stored))
        storage.set { $0.room = 40 }
        let path = directory.path + "/00000001.log"
        let full = StoreError.storage(StorageFailure("writing", path, code: ENOSPC))
        #expect(store.append(Samples.traces([2])) == .failure(full))
        #expect(full.isDiskFull)
        #expect(
            full.description
                == "writing '\(path)' failed: No space left on device; free space or lower 'store.max_bytes'")
        #expect(!store.statistics.isReady || store.statistics.lastError != nil)
        guard case .failure(let second) = store.append(Samples.traces([2])) else {
            Issue.record("stored on a full disk")
            return
        }
        #expect(second.isDiskFull)
        #expect(try store.trace(Samples.id(1)) == Samples.spans([1]))
        #expect(try store.trace(Samples.id(2)) == nil)
        storage.set { $0.room = .max }
        #expect(appendUntilStored(store, Samples.traces([3])))
        #expect(store.statistics.isReady)
        store.waitUntilSealed()
        // The failed bytes are gone from the log.
        #expect(
            directory.bytes("00000001.log").count
                == Int(try SealedIndex(path: directory.path + "/00000001.idx", number: 1).summary.logEnd))
        #expect(events.all.filter { if case .writingAgain = $0 { true } else { false } }.count >= 1)
        store.close()
        let again = try SegmentStore.open(directory: directory.path, options: quick())
        defer { again.close() }
        #expect(try again.trace(Samples.id(1)) == Samples.spans([1]))
        #expect(try again.trace(Samples.id(2)) == nil)
        #expect(try again.trace(Samples.id(3)) == Samples.spans([3]))
        #expect(again.statistics.damagedFrames == 0)
    }

    @Test("While the pause lasts, refused records are answered at once and the disk is left alone")
    func failsFast() throws {
        let directory = TemporaryDirectory()
        let storage = FaultyStorage()
        let clock = TestClock()
        var options = options(storage, clock)
        options.retryPause = .seconds(10)
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        #expect(store.append(Samples.traces([1])) == .success(.stored))
        storage.set { $0.synchronize = EIO }
        let failure = Outcomes.Outcome.failure(
            .storage(StorageFailure("fdatasync of", directory.path + "/00000001.log", code: EIO)))
        #expect(store.append(Samples.traces([2])) == failure)
        storage.set { $0.synchronize = nil }
        #expect(store.appendAll((0..<20).map { Samples.traces([$0 + 10]) }) == (0..<20).map { _ in failure })
        #expect(!store.statistics.isReady)
        #expect(store.statistics.failed.spans == 42)
        clock.advance(seconds: 10)
        #expect(store.append(Samples.traces([3])) == .success(.stored))
        #expect(store.statistics.isReady)
    }

    @Test("After a failed fdatasync the segment is never written again, and its last durable frame is its end")
    func abandonsSegment() throws {
        let directory = TemporaryDirectory()
        let storage = FaultyStorage()
        let store = try SegmentStore.open(directory: directory.path, options: options(storage))
        defer { store.close() }
        #expect(store.append(Samples.traces([1])) == .success(.stored))
        let durable = directory.bytes("00000001.log")
        storage.set { $0.synchronize = EIO }
        guard case .failure = store.append(Samples.traces([2])) else {
            Issue.record("acknowledged without fdatasync")
            return
        }
        storage.set { $0.synchronize = nil }
        #expect(appendUntilStored(store, Samples.traces([3])))
        #expect(directory.bytes("00000001.log") == durable)
        #expect(try store.trace(Samples.id(2)) == nil)
        #expect(try store.trace(Samples.id(3)) == Samples.spans([3]))
        #expect(store.statistics.segments == 2)
    }

    @Test(
        "A batch whose commit failed is stored when it comes again; one stored before is a duplicate even while writing fails"
    )
    func failedBatchIsNoDuplicate() throws {
        let directory = TemporaryDirectory()
        let storage = FaultyStorage()
        let store = try SegmentStore.open(directory: directory.path, options: options(storage))
        defer { store.close() }
        let sender = SenderID(high: 1, low: 1)
        #expect(store.append(Samples.traces([1], sender: sender, sequence: 1)) == .success(.stored))
        storage.set { $0.write = EIO }
        let both = store.appendAll([
            Samples.traces([2], sender: sender, sequence: 2), Samples.traces([2], sender: sender, sequence: 2),
        ])
        for outcome in both { #expect((try? outcome.get()) == nil) }
        #expect(store.append(Samples.traces([1], sender: sender, sequence: 1)) == .success(.duplicate))
        storage.set { $0.write = nil }
        #expect(appendUntilStored(store, Samples.traces([2], sender: sender, sequence: 2)))
        #expect(try store.trace(Samples.id(2)) == Samples.spans([2]))
    }

    @Test("Where even the truncation fails, nothing acknowledged is lost and nothing is served twice in this run")
    func truncationFails() throws {
        let directory = TemporaryDirectory()
        let storage = FaultyStorage()
        let store = try SegmentStore.open(directory: directory.path, options: options(storage))
        #expect(store.append(Samples.traces([1])) == .success(.stored))
        storage.set {
            $0.room = 70
            $0.truncate = EIO
        }
        #expect((try? store.append(Samples.traces([2])).get()) == nil)
        storage.set { $0 = FaultyStorage.Faults() }
        #expect(appendUntilStored(store, Samples.traces([3])))
        #expect(try store.trace(Samples.id(1)) == Samples.spans([1]))
        store.close()
        let again = try SegmentStore.open(directory: directory.path, options: quick())
        defer { again.close() }
        #expect(try again.trace(Samples.id(1)) == Samples.spans([1]))
        #expect(try again.trace(Samples.id(3)) == Samples.spans([3]))
    }

    @Test("When no file can be created the store opens all the same, reads, and refuses with the reason")
    func cannotCreate() throws {
        let directory = TemporaryDirectory()
        let first = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 1 })
        #expect(first.append(Samples.traces([1])) == .success(.stored))
        first.close()
        let storage = FaultyStorage()
        storage.set { $0.create = EROFS }
        let store = try SegmentStore.open(directory: directory.path, options: options(storage))
        defer { store.close() }
        #expect(try store.trace(Samples.id(1)) == Samples.spans([1]))
        let outcome = store.append(Samples.traces([2]))
        guard case .failure(.storage(let failure)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.code == EROFS)
        storage.set { $0.create = nil }
        #expect(appendUntilStored(store, Samples.traces([2])))
    }

    @Test("A seal that fails is tried again; the segment is read all the while")
    func sealRetries() throws {
        let directory = TemporaryDirectory()
        let storage = FaultyStorage()
        let clock = TestClock()
        var options = options(storage, clock)
        options.retryPause = .seconds(5)
        let store = try SegmentStore.open(directory: directory.path, options: options)
        #expect(store.append(Samples.traces([1])) == .success(.stored))
        store.close()
        var sealing = options
        sealing.segmentBytes = 1
        storage.set { $0.create = EIO }
        let events = Events()
        let again = try SegmentStore.open(directory: directory.path, options: sealing, log: events.log)
        defer { again.close() }
        #expect(try again.trace(Samples.id(1)) == Samples.spans([1]))
        storage.set { $0.create = nil }
        clock.advance(seconds: 5)
        // Any work wakes the thread, which then finds the pause over.
        again.sweep()
        again.waitUntilSealed()
        #expect(directory.names().contains("00000001.idx"))
        #expect(try again.trace(Samples.id(1)) == Samples.spans([1]))
    }
    @Test(
        "A log without an index is on the disk before its batches count as stored; one that cannot be is read, not trusted"
    )
    func recoversOnlyWhatIsDurable() throws {
        let directory = TemporaryDirectory()
        let sender = SenderID(high: 1, low: 2)
        let record = { (number: UInt64) in Samples.traces([number], sender: sender, sequence: number) }
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 600 })
        for number in 1...12 as ClosedRange<UInt64> { #expect(store.append(record(number)) == .success(.stored)) }
        store.waitUntilSealed()
        store.close()
        for name in directory.names() where name.hasSuffix(".idx") { unlink(directory.path + "/" + name) }
        // Without the ledger too: it counts only what is on the disk, and would be believed.
        unlink(directory.path + "/ledger")
        let logs = directory.names().filter { $0.hasSuffix(".log") }
        #expect(logs.count > 2)

        let sound = directory.copy()
        let storage = FaultyStorage()
        let recovered = try SegmentStore.open(directory: sound.path, options: options(storage))
        let synchronized = storage.current.synchronized.filter { $0.hasSuffix(".log") }
        #expect(synchronized == logs.map { sound.path + "/" + $0 })
        #expect(recovered.append(record(1)) == .success(.duplicate))
        #expect(recovered.append(record(12)) == .success(.duplicate))
        recovered.close()

        storage.set { $0.synchronize = EIO }
        let failing = directory.copy()
        let doubtful = try SegmentStore.open(directory: failing.path, options: options(storage))
        defer { doubtful.close() }
        storage.set { $0.synchronize = nil }
        #expect(try doubtful.trace(Samples.id(1)) == Samples.spans([1]))
        #expect(doubtful.append(record(1)) == .success(.stored))
        #expect(doubtful.append(record(12)) == .success(.stored))
    }
}
