import EventLoop
import Files
import Forwarding
import Receiving
import SelfTelemetry
import StorageTesting
import Synchronization
import Testing
import TraceModel
import WireFormat

@testable import Sidecar
@testable import Spool

/// The lanes of one door over a spool, on a loop that the test drives.
private final class OutboxBench {
    let directory = TemporaryDirectory()
    let loop: EventLoop
    let spool: Spool
    let ledger: SidecarLedger
    let outbox: LaneOutbox
    let collectors: CollectorSet
    private(set) var answers: [String] = []
    private final class Posted { var batches: [SpooledBatch] = [] }
    private let box = Posted()

    init(_ names: [String] = ["a:1", "b:1", "c:1"], maxBytes: Int = 1 << 20) throws {
        loop = try EventLoop()
        var options = SpoolOptions(directory: directory.path)
        options.maxBytes = maxBytes
        options.batchBytes = 100
        (spool, _) = try Spool.open(options, keys: []) { _ in }
        let (loop, spool, box, sync) = (loop, spool, box, try SpoolSync(spool))
        collectors = CollectorSet(names: names)
        ledger = SidecarLedger(
            spool: spool, refusals: RefusalRing(), kept: KeptCounters(path: nil, names: SidecarLedger.keptNames))
        outbox = LaneOutbox(
            door: "tcp", collectors: collectors, largestMessage: spool.largestMessage,
            makeLane: { key in
                try Lane(key, in: spool, recovered: nil, loop: loop, sync: sync) { box.batches.append($0) }
            }, fallback: { Issue.record($0) })
    }

    /// A message of one span for each trace.
    static func telemetry(_ traces: [TraceID]) throws -> AcceptedTelemetry {
        var writer = ProtobufWriter()
        writer.message(1) { resourceSpans in
            resourceSpans.message(2) { scope in
                for (number, trace) in traces.enumerated() {
                    scope.message(2) { span in
                        span.bytes(1, trace.bytes)
                        span.bytes(2, [1, 0, 0, 0, 0, 0, 0, UInt8(number & 255)])
                    }
                }
            }
        }
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(writer.bytes.span, as: .traces)
        return AcceptedTelemetry(
            kind: .traces, bytes: writer.bytes, payload: 0..<writer.bytes.count, items: scanner.items,
            runs: scanner.runs,
            services: scanner.services)
    }

    /// False when there is no room.
    func append(_ telemetry: AcceptedTelemetry) -> Bool {
        defer { loop.runOnce(timeout: .zero) }
        return outbox.append(telemetry, nil) { [unowned self] in answers.append("\($0)") } == .taken
    }

    /// Settles what is posted: most of it forwarded.
    func settle() {
        for batch in box.batches {
            var outcome = LaneAccount.Outcome()
            outcome.forwarded = batch.items - batch.items / 4
            outcome.dropped[.refused] = batch.items / 4
            #expect(batch.lane.settle(batch, outcome) == nil)
            spool.reclaim(batch.lane)
        }
        box.batches = []
    }
}

@Suite struct LaneOutboxTests {
    private func traces(_ count: Int) -> [TraceID] { (0..<count).map { _ in TraceID.random() } }

    @Test("A message goes into the lanes of the collectors that own its traces, and is answered once")
    func shards() throws {
        let bench = try OutboxBench()
        let ids = traces(60)
        #expect(bench.append(try OutboxBench.telemetry(ids)))
        #expect(bench.answers == ["accepted"])
        for lane in bench.spool.lanes {
            let index = try #require(bench.collectors.names.firstIndex(of: lane.key.collector))
            #expect(lane.figures.accepted == UInt64(ids.filter { bench.collectors.owner(of: $0) == index }.count))
        }
        #expect(bench.ledger.signal(.traces).accepted == 60)
    }

    @Test("A message that comes again is known as a whole; of one that came in part only that part")
    func repeats() throws {
        let bench = try OutboxBench()
        let ids = traces(60)
        let telemetry = try OutboxBench.telemetry(ids)
        for _ in 0..<2 { #expect(bench.append(telemetry)) }
        #expect(bench.answers == ["accepted", "duplicate"])
        #expect(bench.ledger.signal(.traces).accepted == 60)
    }

    @Test("Where one lane has no room nothing is kept of the message, and no space is held")
    func allOrNothing() throws {
        let bench = try OutboxBench(maxBytes: 5_000)
        let ids = traces(100)
        let telemetry = try OutboxBench.telemetry(ids)
        #expect(bench.append(telemetry))
        let used = bench.spool.budget.used
        #expect(!bench.append(try OutboxBench.telemetry(traces(100))))
        #expect(bench.spool.budget.used == used)
        #expect(bench.ledger.signal(.traces).accepted == 100)
        bench.outbox.flush()
        bench.settle()
        #expect(bench.append(try OutboxBench.telemetry(traces(100))))
        #expect(bench.answers == ["accepted", "accepted"])
    }
}

@Suite struct SidecarLedgerTests {
    @Test("The equations hold whenever another thread reads them")
    func equations() throws {
        let bench = try OutboxBench()
        let ledger = bench.ledger
        let isDone = Atomic<Bool>(false)
        let failures = Mutex<[String]>([])
        let reads = Atomic<Int>(0)
        do {
            let reader = try WorkerThread(name: "reader") {
                var before: UInt64 = 0
                while !isDone.load(ordering: .acquiring) {
                    let signal = ledger.signal(.traces)
                    let dropped = signal.dropped.reduce(0) { $0 + $1.items }
                    let isExact =
                        signal.accepted == signal.forwarded + signal.spooled + dropped
                        && signal.received == signal.accepted + signal.rejected.reduce(0) { $0 + $1.items }
                        && signal.spooled <= signal.accepted && signal.forwarded <= signal.accepted
                        && signal.accepted >= before
                    before = signal.accepted
                    if !isExact { failures.withLock { $0.append("\(signal)") } }
                    for lane in ledger.spool.lanes {
                        let figures = lane.figures
                        if figures.settled.items > figures.accepted { failures.withLock { $0.append("\(figures)") } }
                    }
                    reads.wrappingAdd(1, ordering: .relaxed)
                }
            }
            defer {
                isDone.store(true, ordering: .releasing)
                reader.join()
            }
            for round in 0..<400 {
                _ = bench.append(try OutboxBench.telemetry((0..<8).map { _ in TraceID.random() }))
                ledger.countRejected(.traces, 1, IngestCounters.Reason.busy.rawValue)
                if round % 3 == 0 { bench.settle() }
            }
            // The reader has to have had its turn.
            while reads.load(ordering: .relaxed) < 100 { _ = bench.append(try OutboxBench.telemetry([.random()])) }
        }
        #expect(failures.withLock { $0.prefix(3) } == [])
        bench.outbox.flush()
        bench.settle()
        let signal = ledger.signal(.traces)
        #expect(signal.spooled == 0 && signal.rejected.map(\.items) == [400])
        #expect(signal.dropped.map(\.reason) == ["refused_by_collector"])
    }

    @Test("What was moved is accepted once and forwarded once")
    func moved() throws {
        let bench = try OutboxBench(["a:1", "b:1"])
        let spool = bench.spool
        #expect(bench.append(try OutboxBench.telemetry([TraceID(high: 1, low: 1)])))
        bench.outbox.flush()
        let key = LaneKey(door: LaneKey.moved, kind: .traces, collector: "b:1")
        final class Batches { var list: [SpooledBatch] = [] }
        let batches = Batches()
        let lane = try Lane(key, in: spool, recovered: nil, loop: bench.loop, sync: try SpoolSync(spool)) {
            batches.list.append($0)
        }
        let room = try #require(lane.makeRoom(message: 1, note: 0))
        lane.append([1].span, items: 1, in: room) { _ in }
        lane.flush()
        // It stands in two lanes for a moment.
        #expect(bench.ledger.signal(.traces).spooled == 1 && bench.ledger.signal(.traces).accepted == 1)
        var outcome = LaneAccount.Outcome()
        outcome.forwarded = 1
        #expect(batches.list[0].lane.settle(batches.list[0], outcome) == nil)
        let signal = bench.ledger.signal(.traces)
        #expect(signal.accepted == 1 && signal.forwarded == 1 && signal.spooled == 0)
    }
}
