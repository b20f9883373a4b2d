import Files
import Glibc
import StorageTesting
import Testing
import TraceModel
import WireFormat

@testable import SegmentStore

@Suite struct QueueTests {
    @Test("A full queue refuses; what it took is answered exactly once, and there is room again")
    func refusesWhenFull() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.maxQueuedBytes = 20_000 })
        defer { store.close() }
        // The first callback holds the writer, so that the queue fills.
        let gate = Monitor(false)
        let outcomes = Outcomes()
        let first = outcomes.callback(0)
        #expect(
            store.submit(Samples.traces([0])) { outcome in
                _ = gate.wait { $0 ? true : nil }
                first(outcome)
            })
        var accepted = 1
        while store.submit(Samples.traces([UInt64(accepted)]), whenDurable: outcomes.callback(accepted)) {
            accepted += 1
        }
        #expect(accepted > 5 && accepted < 100)
        #expect(store.statistics.refusedSubmits == 1)
        #expect(store.statistics.queueBytes <= 20_000)
        gate.update { $0 = true }
        let calls = outcomes.wait(accepted)
        #expect(calls.map(\.key).sorted() == Array(0..<accepted))
        // A record counts until it is described, which comes after its answer.
        store.waitUntilAnswered()
        #expect(store.append(Samples.traces([999])) == .success(.stored))
        #expect(outcomes.wait(accepted).count == accepted)
        #expect(store.statistics.stored.spans == UInt64(2 * (accepted + 1)))
    }

    @Test("While much is written and not described yet, answers wait and nothing is refused")
    func holdsBack() throws {
        let directory = TemporaryDirectory()
        let options = quick {
            $0.maxQueuedBytes = 40_000
            $0.commitBytes = 1
        }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        #expect(store.append(Samples.traces([0])) == .success(.stored))
        let segment = try #require(store.segmentsNow().last)
        let outcomes = Outcomes()
        let cost = Samples.traces([99]).queueBytes
        let (taken, answered) = segment.draft.withLock { _ in
            // Nothing is described now: commits of one record each go on until most of the queue waits for that.
            let taken = (100..<100 + 36_000 / cost).filter {
                store.submit(Samples.traces([UInt64($0)]), whenDurable: outcomes.callback($0))
            }
            let deadline = StoreClock.read(CLOCK_MONOTONIC) + 60_000_000_000
            while !store.shared.queue.withLock({ $0.isHeldBack }), StoreClock.read(CLOCK_MONOTONIC) < deadline {
                sched_yield()
            }
            #expect(store.shared.queue.withLock { $0.isHeldBack })
            return (taken, outcomes.wait(0).count)
        }
        #expect(taken.count == 36_000 / cost)
        // One commit may pass three quarters.
        #expect(answered <= 30_000 / cost + 1)
        let all = outcomes.wait(taken.count)
        #expect(all.count == taken.count && all.allSatisfy { $0.outcome == .success(.stored) })
        #expect(store.statistics.refusedSubmits == 0)
    }

    @Test("The writer is held back from three quarters of the queue on, until less is undescribed")
    func isBehind() throws {
        let record = IngestRecord(kind: .logs, receivedAt: 1, body: [UInt8](repeating: 1, count: 400), items: 1)
        var queue = SubmitQueue(maxBytes: record.queueBytes * 8)
        var batch: [SubmitQueue.Submission] = []
        for _ in 0..<8 {
            let isTaken = queue.add(SubmitQueue.Submission(record: record, whenDurable: { _ in }))
            #expect(isTaken)
        }
        #expect(!queue.isBehind)
        queue.take(upTo: 2_400, into: &batch)
        #expect(batch.count == 6 && !queue.isBehind)
        batch = []
        queue.take(upTo: 400, into: &batch)
        #expect(batch.count == 1 && queue.isBehind)
        queue.isHeldBack = true
        #expect(!queue.isAwaited(1))
        queue.finished(records: 1, bytes: record.queueBytes)
        #expect(!queue.isBehind)
        batch = []
        queue.take(upTo: 400, into: &batch)
        #expect(queue.isBehind)
        queue.isClosing = true
        #expect(!queue.isBehind)
    }

    @Test("The writer is woken by the first record, or where it waits for company by the one that completes a frame")
    func wakesWriter() throws {
        for (isGathering, expected) in [(false, [true, false, true, true]), (true, [false, false, true, true])] {
            var queue = SubmitQueue(maxBytes: 1 << 20)
            queue.isGathering = isGathering
            var woken: [Bool] = []
            for _ in 0..<4 {
                let record = IngestRecord(kind: .logs, receivedAt: 1, body: [UInt8](repeating: 1, count: 400), items: 1)
                let isTaken = queue.add(SubmitQueue.Submission(record: record, whenDurable: { _ in }))
                #expect(isTaken)
                woken.append(queue.isAwaited(1000))
            }
            #expect(woken == expected)
            queue.isClosing = true
            #expect(queue.isAwaited(1 << 20))
        }
    }

    @Test("A record larger than the whole queue is taken when the queue is empty")
    func takesOversize() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.maxQueuedBytes = 10 })
        defer { store.close() }
        #expect(store.append(Samples.traces([1])) == .success(.stored))
    }

    @Test("Closing makes what was queued durable and refuses what comes later")
    func closeDrains() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path)
        let outcomes = Outcomes()
        for key in 0..<50 { #expect(store.submit(Samples.traces([UInt64(key)]), whenDurable: outcomes.callback(key))) }
        store.close()
        let calls = outcomes.wait(50)
        #expect(calls.map(\.key) == Array(0..<50))
        #expect(calls.allSatisfy { $0.outcome == .success(.stored) })
        #expect(!store.submit(Samples.traces([1]), whenDurable: outcomes.callback(50)))
        #expect(try store.trace(Samples.id(49)) == Samples.spans([49]))
        store.close()
    }

    @Test("Records queued together share commits")
    func groupCommit() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path)
        defer { store.close() }
        let outcomes = store.appendAll((0..<500).map { Samples.traces([UInt64($0)]) })
        #expect(outcomes.count == 500)
        let statistics = store.statistics
        #expect(statistics.commits < 250)
        // One for each commit, and one for the new log's header.
        #expect(statistics.syncs == statistics.commits + 1)
        #expect(statistics.records == 500)
    }

    @Test(
        "Readers see every acknowledged trace whole while two writers append and segments are sealed",
        .timeLimit(.minutes(1)))
    func concurrency() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 16 << 10 })
        defer { store.close() }
        let acked = Monitor<(list: [UInt64], done: Bool)>(([], false))
        let problems = Monitor<[String]>([])
        let readers = try (0..<2).map { reader in
            try WorkerThread(name: "reader") {
                var generator = SeededGenerator(seed: UInt64(reader))
                while true {
                    let (trace, done) = acked.withLock { ($0.list.randomElement(using: &generator), $0.done) }
                    if done { return }
                    guard let trace else { continue }
                    let read = try? store.trace(Samples.id(trace))
                    if read != Samples.spans([trace], service: "s\(trace % 7)") {
                        problems.withLock { $0.append("trace \(trace)") }
                    }
                    _ = store.services()
                    _ = store.recentTraces(limit: 10)
                    _ = store.statistics
                }
            }
        }
        let writers = try (0..<2).map { writer in
            try WorkerThread(name: "writer") {
                for number in 0..<400 {
                    let trace = UInt64(writer * 1000 + number)
                    _ = store.submit(Samples.traces([trace], service: "s\(trace % 7)")) { outcome in
                        guard outcome == .success(.stored) else {
                            return problems.withLock { $0.append("\(outcome)") }
                        }
                        acked.update { $0.list.append(trace) }
                    }
                }
            }
        }
        for writer in writers { writer.join() }
        _ = acked.wait(atMost: 30_000_000_000) { $0.list.count == 800 ? true : nil }
        acked.update { $0.done = true }
        for reader in readers { reader.join() }
        #expect(problems.withLock { $0 } == [])
        #expect(acked.withLock { $0.list.count } == 800)
        for trace in acked.withLock({ $0.list }) {
            #expect(try store.trace(Samples.id(trace)) == Samples.spans([trace], service: "s\(trace % 7)"))
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
