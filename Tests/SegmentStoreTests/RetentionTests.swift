import StorageTesting
import Testing

@testable import SegmentStore

@Suite struct RetentionTests {
    private func options(_ clock: TestClock, _ change: (inout StoreOptions) -> Void = { _ in }) -> StoreOptions {
        quick {
            $0.segmentBytes = 1  // each commit is a segment
            $0.clock = clock.clock
            $0.clockConfirmation = .seconds(600)
            change(&$0)
        }
    }

    @Test("Segments go once their last record is older than the retention, counted from its arrival")
    func byAge() throws {
        let directory = TemporaryDirectory()
        let clock = TestClock()
        let store = try SegmentStore.open(
            directory: directory.path, options: options(clock) { $0.retention = .seconds(7200) })
        defer { store.close() }
        // Two checks at the pace of the monotonic clock: from here on the time is believed.
        store.sweep()
        clock.advance(seconds: 600)
        store.sweep()
        for trace in UInt64(0)..<4 {
            _ = store.append(Samples.traces([trace], receivedAt: clock.wall))
            clock.advance(seconds: 1800)
        }
        store.waitUntilSealed()
        store.sweep()
        #expect(store.statistics.segments == 4)
        clock.advance(seconds: 1)
        store.sweep()
        #expect(try store.trace(Samples.id(0)) == nil)
        #expect(try store.trace(Samples.id(1)) == Samples.spans([1]))
        #expect(store.statistics.segments == 3)
        #expect(store.statistics.expired.spans == 2)
        #expect(store.statistics.held.spans == 6)
        #expect(directory.names().filter { $0.hasPrefix("00000001") } == [])
        clock.advance(seconds: 1800)
        store.sweep()
        #expect(store.statistics.segments == 2)
    }

    @Test("Over the size bound the oldest sealed segments go, until the rest fits")
    func bySize() throws {
        let directory = TemporaryDirectory()
        let clock = TestClock()
        let first = try SegmentStore.open(directory: directory.path, options: options(clock))
        for trace in UInt64(0)..<10 { _ = first.append(Samples.traces([trace], receivedAt: clock.wall)) }
        first.waitUntilSealed()
        let total = first.statistics.bytesOnDisk
        #expect(
            total
                == directory.names().filter { $0 != "lock" && $0 != "ledger" }.reduce(0) {
                    $0 + directory.bytes($1).count
                })
        first.close()

        let bound = total / 2
        let store = try SegmentStore.open(directory: directory.path, options: options(clock) { $0.maxBytes = bound })
        defer { store.close() }
        store.sweep()
        #expect(store.statistics.bytesOnDisk <= bound)
        #expect(store.statistics.segments >= 4)
        let kept = store.statistics.segments
        for trace in UInt64(0)..<10 {
            #expect(try store.trace(Samples.id(trace)) == (Int(trace) < 10 - kept ? nil : Samples.spans([trace])))
        }
    }

    @Test("A clock that jumps ten years forward deletes nothing until it has been confirmed; back again, nothing ever")
    func forwardJump() throws {
        let directory = TemporaryDirectory()
        let clock = TestClock()
        let events = Events()
        let store = try SegmentStore.open(
            directory: directory.path, options: options(clock) { $0.retention = .seconds(7200) }, log: events.log)
        defer { store.close() }
        store.sweep()
        clock.advance(seconds: 600)
        store.sweep()
        for trace in UInt64(0)..<3 { _ = store.append(Samples.traces([trace], receivedAt: clock.wall)) }
        store.waitUntilSealed()
        let years: Int64 = 10 * 365 * 86_400
        clock.jump(seconds: years)
        store.sweep()
        clock.advance(seconds: 300)
        store.sweep()
        #expect(store.statistics.segments == 3)
        #expect(events.all.contains(.clockJump(seconds: Int(years))))
        clock.jump(seconds: -years)
        store.sweep()
        clock.advance(seconds: 600)
        store.sweep()
        #expect(store.statistics.segments == 3)
        // Time that really passes still counts.
        clock.advance(seconds: 7200)
        store.sweep()
        #expect(store.statistics.segments == 0)
    }

    @Test("A new time that checks agree on for the confirmation's length is believed")
    func confirmedJump() {
        var options = StoreOptions()
        options.retention = .seconds(100)
        options.clockConfirmation = .seconds(600)
        var policy = RetentionPolicy(options: options)
        let second: UInt64 = 1_000_000_000
        let segments = [RetentionPolicy.Candidate(number: 1, bytes: 1, lastReceivedAt: 1000 * second, isSealed: true)]
        func expired(wall: UInt64, monotonic: UInt64) -> Bool {
            !policy.decide(segments, wall: wall * second, monotonic: monotonic * second).expired.isEmpty
        }
        #expect(!expired(wall: 5000, monotonic: 10))
        #expect(!expired(wall: 5500, monotonic: 510))
        #expect(expired(wall: 5600, monotonic: 610))
    }

    /// A policy that believes the time, at second 1000.
    private func policy(retention: Int64?, maxBytes: Int?) -> RetentionPolicy {
        var options = StoreOptions()
        options.retention = retention.map { .seconds($0) }
        options.maxBytes = maxBytes
        options.clockConfirmation = .zero
        var policy = RetentionPolicy(options: options)
        for _ in 0..<2 { _ = policy.decide([], wall: 1_000_000_000_000, monotonic: 1_000_000_000_000) }
        return policy
    }

    private func candidate(_ number: UInt32, age: UInt64, stage: KeepStage? = nil) -> RetentionPolicy.Candidate {
        RetentionPolicy.Candidate(
            number: number, bytes: 10, lastReceivedAt: (1000 - age) * 1_000_000_000, isSealed: true, stage: stage)
    }

    private func decide(
        _ policy: RetentionPolicy, _ segments: [RetentionPolicy.Candidate], _ holds: KeepHolds
    ) -> RetentionPolicy.Decision {
        var policy = policy
        return policy.decide(segments, wall: 1_000_000_000_000, monotonic: 1_000_000_000_000, holds: holds)
    }

    @Test("A segment that may hold something kept is thinned when its time has come, once for each thing that ends")
    func thinsByAge() {
        let policy = policy(retention: 100, maxBytes: nil)
        let second: UInt64 = 1_000_000_000
        let holds = KeepHolds(lengths: [500 * second, 300 * second])
        let segments = [
            candidate(1, age: 600), candidate(2, age: 400), candidate(3, age: 200), candidate(4, age: 50),
        ]
        let decision = decide(policy, segments, holds)
        #expect(decision.expired.map(\.number) == [1])
        #expect(decision.thinned.map(\.number) == [2, 3])
        #expect(decision.thinned.map(\.stage.rulesEnded) == [1, 0])
        #expect(!decision.isUnfinished)
        let thinned = [
            candidate(2, age: 400, stage: decision.thinned[0].stage),
            candidate(3, age: 200, stage: decision.thinned[1].stage),
        ]
        #expect(decide(policy, thinned, holds).thinned.isEmpty)
        // A rule ends for the second, and a pin for both.
        #expect(
            decide(policy, [candidate(3, age: 301, stage: thinned[1].stage)], holds).thinned.map(\.number) == [3])
        let unpinned = KeepHolds(lengths: holds.lengths, hasPins: false, pinsEnded: 1)
        #expect(decide(policy, thinned, unpinned).thinned.map(\.number) == [2, 3])
        let pinned = KeepHolds(lengths: [], hasPins: true)
        #expect(decide(policy, [candidate(1, age: 900)], pinned).thinned.map(\.number) == [1])
        #expect(decide(policy, [candidate(1, age: 900)], KeepHolds()).expired.map(\.number) == [1])
    }

    @Test("The size bound thins the oldest first, one at a time, and takes what is held when nothing else is left")
    func thinsBySize() {
        let policy = policy(retention: nil, maxBytes: 15)
        let holds = KeepHolds(lengths: [900_000_000_000])
        let first = decide(policy, [candidate(1, age: 30), candidate(2, age: 20)], holds)
        #expect(first.thinned.map(\.number) == [1] && first.isUnfinished && first.expired.isEmpty)
        let stage = first.thinned[0].stage
        let second = decide(policy, [candidate(1, age: 30, stage: stage), candidate(2, age: 20)], holds)
        #expect(second.thinned.map(\.number) == [2] && second.isUnfinished && second.expired.isEmpty)
        let third = decide(
            policy, [candidate(1, age: 30, stage: stage), candidate(2, age: 20, stage: stage)], holds)
        #expect(third.thinned.isEmpty && !third.isUnfinished)
        #expect(third.expired.map(\.number) == [1])
        let fits = decide(policy, [candidate(1, age: 30)], holds)
        #expect(fits.thinned.isEmpty && fits.expired.isEmpty)
    }

    @Test("Times from 0 to the end of 64 bits, and clocks that go back, trap nowhere")
    func extremes() {
        var options = StoreOptions()
        options.retention = .seconds(1)
        options.clockConfirmation = .zero
        var policy = RetentionPolicy(options: options)
        let times: [UInt64] = [0, 1, .max, .max / 2, .max / 2 + 1]
        for wall in times {
            for monotonic in times {
                for received in times {
                    let segment = RetentionPolicy.Candidate(
                        number: 1, bytes: .max / 4, lastReceivedAt: received, isSealed: true)
                    _ = policy.decide([segment, segment], wall: wall, monotonic: monotonic)
                }
            }
        }
        #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
        #expect(Duration.seconds(-1).clampedNanoseconds == 0)
        #expect(Duration.milliseconds(1500).clampedNanoseconds == 1_500_000_000)
    }
}
