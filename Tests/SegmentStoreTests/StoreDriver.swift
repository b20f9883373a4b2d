import Glibc

@testable import SegmentStore

/// Collects what callbacks tell.
final class Outcomes: Sendable {
    typealias Outcome = Result<AppendOutcome, StoreError>
    private let calls = Monitor<[(Int, Outcome)]>([])

    func callback(_ key: Int) -> @Sendable (Outcome) -> Void {
        { outcome in self.calls.update { $0.append((key, outcome)) } }
    }

    /// All calls so far, once there are `count`; the wait ends after a minute, so that a missing call fails and does not hang.
    func wait(_ count: Int) -> [(key: Int, outcome: Outcome)] {
        _ = calls.wait(atMost: 60_000_000_000) { $0.count >= count ? true : nil }
        return calls.withLock { $0 }
    }
}

extension SegmentStore {
    /// Submits one record and waits for its outcome: a commit of its own.
    func append(_ record: IngestRecord) -> Outcomes.Outcome {
        let outcomes = Outcomes()
        precondition(submit(record, whenDurable: outcomes.callback(0)), "queue is full")
        return outcomes.wait(1)[0].outcome
    }

    /// Submits all records and waits for their outcomes, in the order of the calls' keys.
    func appendAll(_ records: [IngestRecord]) -> [Outcomes.Outcome] {
        let outcomes = Outcomes()
        for (key, record) in records.enumerated() {
            precondition(submit(record, whenDurable: outcomes.callback(key)), "queue is full")
        }
        return outcomes.wait(records.count).sorted { $0.key < $1.key }.map(\.outcome)
    }

    func records() throws(StoreError) -> [StoredRecord] {
        var result: [StoredRecord] = []
        try forEachRecord {
            result.append($0)
            return true
        }
        return result
    }
}

/// Options that make tests quick: no fdatasync.
func quick(_ change: (inout StoreOptions) -> Void = { _ in }) -> StoreOptions {
    var options = StoreOptions()
    options.sync = false
    options.commitPause = .zero
    change(&options)
    return options
}

/// A clock that moves only when told.
final class TestClock: Sendable {
    private let time: Monitor<(wall: UInt64, monotonic: UInt64)>
    static let start: UInt64 = 1_700_000_000_000_000_000

    init() { time = Monitor((TestClock.start, 5_000_000_000)) }

    var wall: UInt64 { time.withLock { $0.wall } }
    /// Both clocks go on together.
    func advance(seconds: Int64) {
        time.withLock {
            $0.wall = $0.wall &+ UInt64(bitPattern: seconds) &* 1_000_000_000
            $0.monotonic = $0.monotonic &+ UInt64(bitPattern: seconds) &* 1_000_000_000
        }
    }
    /// The wall clock alone.
    func jump(seconds: Int64) {
        time.withLock { $0.wall = $0.wall &+ UInt64(bitPattern: seconds &* 1_000_000_000) }
    }
    var clock: StoreClock {
        StoreClock(wall: { self.time.withLock { $0.wall } }, monotonic: { self.time.withLock { $0.monotonic } })
    }
}

/// Collects events.
final class Events: Sendable {
    private let list = Monitor<[StoreEvent]>([])
    var all: [StoreEvent] { list.withLock { $0 } }
    var log: @Sendable (StoreEvent) -> Void { { event in self.list.update { $0.append(event) } } }
}
