import EventLoop
import HTTP
import StorageTesting
import Testing
import TraceModel
import WireFormat

@testable import Forwarding
@testable import Spool

@Suite struct FailoverTests {
    @Test("What was sent is never moved; what was not is, whole, and a collector that comes back goes on")
    func movesUnsent() throws {
        let bench = try LinkBench(["a:1", "b:1"])
        let (away, other) = (bench.senders[0], bench.senders[1])
        let trace = TraceID(high: 7, low: 7)
        for number in 0..<6 { try bench.store(Telemetry.spans(of: [trace], service: "\(number)")) }
        for _ in 0..<4 { away.fail(.cannotConnect("down")) }
        #expect(bench.collectors.setAway(0, true))
        for batch in bench.links[0].takeUnsent(atMost: 16) {
            bench.mover.move(batch) { Issue.record("batch \(batch.sequence) was not moved: \($0)") }
            bench.loop.runOnce(timeout: .zero)
        }
        #expect(other.requests.count == 2)
        while other.open > 0 { other.answer(200) }
        #expect(bench.total { $0.settled.moved } == 2)
        try bench.run { away.open == 1 }
        while away.open > 0 { away.answer(200) }
        #expect(away.sequences == ["1", "2", "3", "4", "1", "2", "3", "4"])
        #expect(bench.total { $0.settled.forwarded } == 6 && bench.total { $0.spooled } == 0)
    }

    @Test("A move that was cut off by a crash and is done again stores nothing twice", arguments: SignalKind.allCases)
    func movesOnce(kind: SignalKind) throws {
        let bench = try LinkBench(["a:1", "b:1"])
        // Two batches of equal bytes, which for metrics may both be meant.
        let message = kind == .traces ? Telemetry.spans(of: [TraceID(high: 1, low: 1)]) : Telemetry.point(5)
        guard kind != .logs else { return }
        try bench.store(message, kind)
        if kind == .metrics { try bench.store(message, kind) }
        let before = bench.directory.copyTree()
        #expect(bench.collectors.setAway(0, true))
        // Not sent at all: the batches are taken as a process finds them that starts with the collector away.
        let first = try LinkBench(["a:1", "b:1"], directory: before)
        #expect(first.collectors.setAway(0, true))
        for batch in first.takeRecovered() { first.mover.move(batch) { Issue.record("not moved: \($0)") } }
        let stored = first.senders[1].requests.count
        #expect(stored == (kind == .metrics ? 2 : 1))
        // The crash: moved batches stand in the other lane, and the note that they were moved is gone.
        let after = before.copyTree()
        let lane = try #require(after.names().first { $0.hasPrefix("tcp-") })
        after.write(bench.directory.bytes("\(lane)/settled"), to: "\(lane)/settled")
        let second = try LinkBench(["a:1", "b:1"], directory: after)
        #expect(second.collectors.setAway(0, true))
        for batch in second.takeRecovered() {
            if batch.lane.key.door == LaneKey.moved {
                second.links[1].add(batch)
            } else {
                second.mover.move(batch) { Issue.record("not moved: \($0)") }
            }
        }
        second.loop.runOnce(timeout: .zero)
        let other = second.senders[1]
        while other.open > 0 { other.answer(200) }
        #expect(other.requests.count == stored)
        #expect(second.total { $0.settled.moved } == UInt64(stored))
        #expect(second.total { $0.settled.forwarded } == UInt64(stored) && second.total { $0.spooled } == 0)
    }

    @Test("What an earlier process may have sent is not moved after a restart; what it cannot have sent is")
    func movesAfterRestart() throws {
        let first = try LinkBench(["a:1", "b:1"])
        let window = Int(SettledState.sendWindow)
        for number in 0..<window + 3 {
            try first.store(Telemetry.spans(of: [TraceID(high: 7, low: 7)], service: "\(number)"))
        }
        #expect(first.senders[0].requests.count == 4)
        let second = try LinkBench(["a:1", "b:1"], directory: first.directory.copyTree())
        for batch in second.takeRecovered() { second.links[0].add(batch) }
        while second.senders[0].open > 0 { second.senders[0].fail(.cannotConnect("down")) }
        let taken = second.links[0].takeUnsent(atMost: 100)
        #expect(taken.map(\.sequence) == (window + 1...window + 3).map { UInt64($0) })
        second.links[0].putBack(taken[...])
        try second.run { second.senders[0].open > 0 }
        while second.senders[0].open > 0 { second.senders[0].answer(200) }
        #expect(second.total { $0.settled.forwarded } == UInt64(window + 3) && second.total { $0.spooled } == 0)
    }

    @Test("A full spool can be moved out of: what is moved has its space already")
    func noRoom() throws {
        let bench = try LinkBench(["a:1", "b:1"])
        for _ in 0..<4 { try bench.store("\(UInt64.random(in: 0 ... .max))") }
        try bench.store(Telemetry.spans(of: [TraceID(high: 1, low: 1)]))
        for _ in 0..<4 { bench.senders[0].fail(.deadlineExceeded) }
        let batches = bench.links[0].takeUnsent(atMost: 16)
        try #require(batches.count == 1)
        #expect(bench.collectors.setAway(0, true))
        let rest = bench.spool.budget.limit - bench.spool.budget.used
        #expect(bench.spool.budget.reserve(rest))
        var failures = 0
        bench.mover.move(batches[0]) { _ in failures += 1 }
        #expect(failures == 0)
        #expect(bench.total { $0.settled.moved } == 1)
        bench.spool.budget.release(rest)
    }

    @Test("A move that failed in part is only ever moved on, and stores nothing twice")
    func movedInPart() throws {
        let bench = try LinkBench(["a:1", "b:1", "c:1"])
        let traces = (1...20).map { TraceID(high: 9, low: UInt64($0)) }
        for _ in 0..<4 { try bench.store("\(UInt64.random(in: 0 ... .max))") }
        try bench.store(Telemetry.spans(of: traces), items: traces.count)
        for _ in 0..<4 { bench.senders[0].fail(.deadlineExceeded) }
        #expect(bench.collectors.setAway(0, true))
        let batch = try #require(bench.links[0].takeUnsent(atMost: 16).first)
        var failures: [String] = []
        bench.storage.set { $0.refusesPaths = "/moved-traces-c" }
        bench.mover.move(batch) { failures.append("\($0)") }
        #expect(failures == ["movedInPart"])
        bench.storage.set { $0.refusesPaths = nil }
        bench.mover.move(batch) { failures.append("\($0)") }
        #expect(failures.count == 1)
        let (b, c) = (bench.senders[1], bench.senders[2])
        #expect(b.requests.count == 1 && c.requests.count == 1)
        #expect(bench.total { $0.settled.moved } == UInt64(traces.count))
    }

    @Test("What could not be moved comes back in the order of numbers")
    func comesBackInOrder() throws {
        let bench = try LinkBench(["a:1", "b:1"])
        for number in 0..<7 { try bench.store("\(number)") }
        for _ in 0..<4 { bench.senders[0].fail(.deadlineExceeded) }
        let taken = bench.links[0].takeUnsent(atMost: 1)
        bench.links[0].add(try #require(taken.first))
        try bench.run { bench.senders[0].open == 1 }
        while bench.senders[0].open > 0 { bench.senders[0].answer(200) }
        #expect(bench.senders[0].sequences.suffix(7) == ["1", "2", "3", "4", "5", "6", "7"])
    }
}
