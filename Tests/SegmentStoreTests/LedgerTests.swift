import Files
import Glibc
import StorageTesting
import Testing
import WireFormat

@testable import SegmentStore

@Suite("The store's ledger")
struct LedgerTests {
    let senders = [SenderID(high: 1, low: 1), SenderID(high: 2, low: 2), SenderID(high: 3, low: 3)]

    /// The batches of a life: three senders with dense numbers, spans, points and logs, one of them without sender.
    private func batches(_ count: Int) -> [IngestRecord] {
        (0..<count).map { number in
            let sequence = UInt64(number / 3 + 1)
            switch number % 3 {
            case 0: return Samples.traces([UInt64(number)], sender: senders[0], sequence: sequence, perTrace: 3)
            case 1:
                var record = Samples.metrics(number)
                (record.sender, record.sequence) = (senders[1], sequence)
                return record
            default:
                var record = Samples.logs(number)
                (record.sender, record.sequence) = (senders[2], sequence)
                return record
            }
        }
    }

    private func expectSums(_ ledger: LedgerFigures, _ comment: Comment? = nil) {
        var stored = ledger.held
        stored += ledger.deleted
        stored += ledger.damaged
        #expect(ledger.stored == stored, comment)
    }

    @Test("Stored, duplicates, rejections and senders are counted, and are the same after a restart")
    func counts() throws {
        let directory = TemporaryDirectory()
        var before = LedgerFigures()
        for opening in 0..<3 {
            let store = try SegmentStore.open(directory: directory.path, options: quick())
            if opening > 0 {
                #expect(store.ledger().senders == before.senders)
                #expect(store.ledger().stored == before.stored)
                #expect(store.ledger().duplicates == before.duplicates)
                #expect(store.ledger().rejected == before.rejected)
            }
            for batch in batches(9) {
                #expect(store.append(batch) == .success(opening == 0 ? .stored : .duplicate))
            }
            #expect(store.append(Samples.traces([77])) == .success(.stored))
            store.countRejected(5, of: .traces, reason: "busy")
            store.countRejected(2, of: .logs, reason: "bad_identity")
            store.countRejected(0, of: .logs, reason: "nothing")
            let ledger = store.ledger()
            let times = UInt64(opening)
            #expect(ledger.stored == ItemCounts(spans: 9 + 2 * (times + 1), points: 3, logs: 3))
            #expect(ledger.duplicates == ItemCounts(spans: 9 * times, points: 3 * times, logs: 3 * times))
            #expect(
                ledger.rejected == [
                    "busy": ItemCounts(spans: 5 * (times + 1)), "bad_identity": ItemCounts(logs: 2 * (times + 1)),
                ])
            #expect(ledger.arrived.spans == ledger.stored.spans + ledger.duplicates.spans + 5 * (times + 1))
            #expect(ledger.held == ledger.stored)
            #expect(ledger.senders.map(\.id) == senders)
            #expect(
                ledger.senders.map(\.stored) == [
                    ItemCounts(spans: 9), ItemCounts(points: 3), ItemCounts(logs: 3),
                ])
            #expect(ledger.senders.map(\.lastSequence) == [3, 3, 3])
            #expect(ledger.senders[0].duplicates == ItemCounts(spans: 9 * times))
            before = ledger
            store.close()
        }
    }

    @Test("What retention deletes stays counted, over restarts, and its batches stay duplicates")
    func retention() throws {
        let directory = TemporaryDirectory()
        let clock = TestClock()
        let options = quick {
            $0.segmentBytes = 1
            $0.clock = clock.clock
            $0.maxBytes = 1
        }
        let all = batches(30)
        let first = try SegmentStore.open(directory: directory.path, options: options)
        for batch in all.prefix(15) { #expect(first.append(batch) == .success(.stored)) }
        first.waitUntilSealed()
        first.sweep()
        #expect(first.statistics.segments == 0)
        let ledger = first.ledger()
        #expect(ledger.deleted == ItemCounts(spans: 15, points: 5, logs: 5))
        #expect(ledger.held == ItemCounts())
        expectSums(ledger)
        first.close()
        #expect(directory.names() == ["ledger", "lock"])

        // Nothing but the ledger is left, and it still knows what was stored.
        let second = try SegmentStore.open(directory: directory.path, options: options)
        for batch in all.prefix(15) { #expect(second.append(batch) == .success(.duplicate)) }
        for batch in all.suffix(15) { #expect(second.append(batch) == .success(.stored)) }
        second.waitUntilSealed()
        #expect(second.ledger().stored == ItemCounts(spans: 30, points: 10, logs: 10))
        // Numbers are never used again, though no log is there to tell them.
        #expect(directory.names().allSatisfy { !$0.hasSuffix(".log") || $0 >= "00000016.log" })
        expectSums(second.ledger())
        second.close()
    }

    @Test(
        "A crash at every single operation: after all batches were sent again each is counted once, and nothing lacks")
    func everyCrash() throws {
        let all = batches(12)
        let total = ItemCounts(spans: 12, points: 4, logs: 4)
        var operations = 0
        var died = true
        while died {
            operations += 1
            let directory = TemporaryDirectory()
            let clock = TestClock()
            let storage = DyingStorage(after: operations)
            var options = quick {
                $0.segmentBytes = 700
                $0.maxBytes = 1500
                $0.clock = clock.clock
                $0.sync = true
                $0.ledgerInterval = .zero
                $0.storage = storage
            }
            let events = Events()
            var acknowledged = ItemCounts()
            let dying = try SegmentStore.open(directory: directory.path, options: options, log: events.log)
            for (number, batch) in all.enumerated() {
                if dying.append(batch) == .success(.stored) {
                    acknowledged.add(UInt64(batch.items), of: batch.kind)
                }
                if storage.isDead { break }
                // Comes after the seals that wait, whether they succeed or not.
                if number % 4 == 3 { dying.sweep() }
            }
            dying.close()
            died = storage.isDead

            options.storage = LocalStorage()
            options.maxBytes = nil
            let events2 = Events()
            let store = try SegmentStore.open(directory: directory.path, options: options, log: events2.log)
            let found = store.ledger()
            let comment: Comment = "after \(operations) operations: \(events.all) then \(events2.all)"
            expectSums(found, comment)
            #expect(found.damaged == ItemCounts(), comment)
            #expect(acknowledged.less(found.stored) == ItemCounts(), comment)
            var readable = ItemCounts()
            for record in try store.records() { readable.add(UInt64(record.items), of: record.kind) }
            #expect(found.held == readable, comment)
            for batch in all { _ = store.append(batch) }
            #expect(store.ledger().stored == total, comment)
            #expect(
                store.ledger().senders.map(\.stored) == [
                    ItemCounts(spans: 12), ItemCounts(points: 4), ItemCounts(logs: 4),
                ], comment)
            store.waitUntilSealed()
            expectSums(store.ledger(), comment)
            store.close()
        }
        #expect(operations > 40)
    }

    @Test("A damaged or foreign ledger is told, and counting begins anew with what is held; the batches stay known")
    func damagedLedger() throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 700 }
        let all = batches(12)
        let store = try SegmentStore.open(directory: directory.path, options: options)
        for batch in all { _ = store.append(batch) }
        store.waitUntilSealed()
        store.close()
        let good = directory.bytes("ledger")
        var flipped = good
        flipped[flipped.count - 3] ^= 1
        for bad in [[], Array(good.prefix(40)), flipped, Array("HMSLDG\r\n".utf8) + [9, 0, 0, 0] + good.dropFirst(12)] {
            let copy = directory.copy()
            copy.write(bad, to: "ledger")
            let events = Events()
            let again = try SegmentStore.open(directory: copy.path, options: options, log: events.log)
            #expect(again.ledger().stored == ItemCounts(spans: 12, points: 4, logs: 4))
            #expect(events.all.contains { if case .ledgerUnusable = $0 { true } else { false } })
            for batch in all { #expect(again.append(batch) == .success(.duplicate)) }
            again.close()
            #expect(try LedgerFile.read(copy.path + "/ledger", options: options)?.stored.spans == 12)
        }
    }

    @Test("What damage took is neither held nor deleted, and is told as damaged")
    func damage() throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 1 }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        for batch in batches(6) { _ = store.append(batch) }
        store.waitUntilSealed()
        store.close()
        // A log that became noise: moved away, not deleted.
        directory.write([UInt8](repeating: 7, count: 100), to: "00000001.log")
        // A log that somebody removed.
        unlink(directory.path + "/00000004.log")
        let again = try SegmentStore.open(directory: directory.path, options: options)
        defer { again.close() }
        let ledger = again.ledger()
        #expect(ledger.stored == ItemCounts(spans: 6, points: 2, logs: 2))
        #expect(ledger.damaged == ItemCounts(spans: 3))
        #expect(ledger.deleted == ItemCounts(spans: 3))
        expectSums(ledger)
    }

    @Test("Rejections and duplicates are on the disk without a shutdown")
    func persistsWhileRunning() throws {
        let directory = TemporaryDirectory()
        let options = quick()
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        store.countRejected(3, of: .traces, reason: "busy")
        store.sweep()
        let written = try #require(try LedgerFile.read(directory.path + "/ledger", options: options))
        #expect(written.rejected == ["busy": ItemCounts(spans: 3)])
    }

    @Test("Reasons beyond the bound are counted together")
    func boundsReasons() {
        var ledger = StoreLedger(windows: SenderWindows(StoreOptions()))
        for number in 0..<100 { ledger.countRejected(ItemCounts(spans: 1), "reason \(number)") }
        #expect(ledger.rejected.count == StoreLedger.maxReasons + 1)
        #expect(ledger.rejected[StoreLedger.overflowReason] == ItemCounts(spans: 36))
    }
}
