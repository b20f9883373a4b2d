import HTTP
import Querying
import SegmentStore
import Testing
import TraceModel
import WireFormat

/// What arrived, in memory, as a store would tell of it.
private final class Arriving: TailSource, TailLook {
    struct Trace {
        var id: TraceID
        var message: [UInt8]
        var frames = 1
        var isOld = false
        var isBroken = false
    }
    struct Broken: Error {}

    var traces: [Trace] = []
    var missed: UInt64 = 0
    private(set) var reads = 0

    var arrivalMark: ArrivalMark { ArrivalMark(count: UInt64(traces.count), segment: 1) }

    func arrivals(after mark: ArrivalMark) -> TraceArrivals {
        defer { missed = 0 }
        return TraceArrivals(traces: traces[Int(mark.count)...].map(\.id), missed: missed, mark: arrivalMark)
    }

    func look() -> any TailLook { self }
    private func find(_ id: TraceID) -> Trace? { traces.first { $0.id == id } }
    func frameCount(of id: TraceID, from segment: UInt32) -> Int { find(id)?.frames ?? 0 }
    func isKnown(_ id: TraceID, before segment: UInt32) -> Bool { find(id)?.isOld ?? false }
    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)? {
        reads += 1
        guard let trace = find(id) else { return nil }
        if trace.isBroken { throw Broken() }
        return (trace.message, trace.message.count > maxBytes)
    }

    static func id(_ number: UInt64) -> TraceID { TraceID(high: 7, low: number) }

    func add(_ number: UInt64, service: String = "pay", isOld: Bool = false, isBroken: Bool = false) {
        let id = Self.id(number)
        let bytes = message(service: service) { $0.span(number, of: id, "op-\(number)", 10, 20) }
        traces.append(Trace(id: id, message: bytes, isOld: isOld, isBroken: isBroken))
    }
}

/// A tail over `Arriving`, with a clock that the test turns.
private final class TailBench {
    let source = Arriving()
    let tail: TraceTail
    private let now: Box

    private final class Box { var nanoseconds: UInt64 = 1 }

    init(_ change: (inout TailLimits) -> Void = { _ in }) {
        let box = Box()
        now = box
        var limits = TailLimits()
        change(&limits)
        tail = TraceTail(source, limits: limits, clock: { box.nanoseconds })
    }

    func open(_ id: Int, _ query: String = "") throws {
        let head = RequestHead(
            method: "GET", path: "/api/v1/tail",
            query: "q=" + query.map { $0 == " " ? "+" : $0 == "=" ? "%3D" : "\($0)" }.joined())
        tail.open(id, try TailQuestion(head, now: 0))
    }

    func wait(_ milliseconds: UInt64) { now.nanoseconds += milliseconds * 1_000_000 }

    /// Looks after a time; returns which tails were told of which traces.
    func look(after milliseconds: UInt64) -> (round: TraceTail.Round, told: [String]) {
        wait(milliseconds)
        let round = tail.look()
        return (
            round,
            round.events.map { event in
                let text = String(decoding: event.bytes, as: UTF8.self)
                let name = text.split(separator: "\"rootName\":\"").last?.prefix { $0 != "\"" } ?? ""
                return "\(event.tail):\(name)"
            }
        )
    }
}

@Suite struct TraceTailTests {
    @Test("A trace is told once, when nothing of it came for a second")
    func quiet() throws {
        let bench = TailBench()
        try bench.open(1)
        bench.source.add(1)
        #expect(bench.look(after: 0).told == [])
        #expect(bench.look(after: 900).told == [])
        bench.source.traces[0].frames = 2
        #expect(bench.look(after: 99).told == [])
        #expect(bench.look(after: 999).told == [])
        let (round, told) = bench.look(after: 1)
        #expect(told == ["1:op-1"] && round.seen == 1 && round.dropped == 0)
        bench.source.traces[0].frames = 3
        #expect(bench.look(after: 10_000).told == [])
        #expect(bench.source.reads == 1)
    }

    @Test("A trace that goes on and on is told after five seconds")
    func busy() throws {
        let bench = TailBench()
        try bench.open(1)
        bench.source.add(1)
        _ = bench.look(after: 0)
        for _ in 1..<10 {
            bench.source.traces[0].frames += 1
            #expect(bench.look(after: 500).told == [])
        }
        bench.source.traces[0].frames += 1
        #expect(bench.look(after: 500).told == ["1:op-1"])
    }

    @Test("An event has the trace as the search tells it, on one line")
    func event() throws {
        let bench = TailBench()
        try bench.open(1)
        bench.source.add(1)
        _ = bench.look(after: 0)
        let event = try #require(bench.look(after: 1000).round.events.first)
        let text = String(decoding: event.bytes, as: UTF8.self)
        #expect(text.hasPrefix("event: trace\ndata: {\"traceId\":\"00000000000000070000000000000001\","))
        #expect(text.hasSuffix("\"mini\":[[0,1000,4,0]]}\n\n"))
        #expect(text.split(separator: "\n").count == 2)
        #expect(
            String(decoding: TailEvent.state(seen: 3, dropped: 1), as: UTF8.self)
                == "event: state\ndata: {\"seen\":3,\"dropped\":1}\n\n")
    }

    @Test("Each tail is told what its query finds, and a trace is read once for all of them")
    func queries() throws {
        let bench = TailBench()
        try bench.open(1, "service = pay")
        try bench.open(2, "service = cart")
        try bench.open(3)
        bench.source.add(1, service: "pay")
        bench.source.add(2, service: "cart")
        _ = bench.look(after: 0)
        let (round, told) = bench.look(after: 1000)
        #expect(told == ["1:op-1", "3:op-1", "2:op-2", "3:op-2"])
        #expect(round.seen == 2 && bench.source.reads == 2)
        bench.tail.close(1)
        bench.tail.close(3)
        bench.source.add(3, service: "pay")
        _ = bench.look(after: 0)
        #expect(bench.look(after: 1000).told == [])
        #expect(!bench.tail.isIdle)
        bench.tail.close(2)
        #expect(bench.tail.isIdle)
    }

    @Test("What came before a tail was opened is not for it")
    func opensLater() throws {
        let bench = TailBench()
        bench.source.add(1)
        try bench.open(1)
        bench.source.add(2)
        try bench.open(2)
        bench.source.add(3)
        _ = bench.look(after: 0)
        #expect(bench.look(after: 1000).told == ["1:op-2", "1:op-3", "2:op-3"])
    }

    @Test("A trace that goes on from an earlier segment is not new")
    func goesOn() throws {
        let bench = TailBench()
        try bench.open(1)
        bench.source.add(1, isOld: true)
        bench.source.add(2)
        _ = bench.look(after: 0)
        let (round, told) = bench.look(after: 1000)
        #expect(told == ["1:op-2"] && round.seen == 1 && round.dropped == 0)
        // Told just now, and then in a new segment, too.
        bench.source.add(2)
        _ = bench.look(after: 0)
        #expect(bench.look(after: 1000).told == [])
    }

    @Test("A look reads no more than its limits; the others' turn comes with the next")
    func limits() throws {
        let bench = TailBench { $0.traces = 2 }
        try bench.open(1)
        for number in 1...5 { bench.source.add(UInt64(number)) }
        _ = bench.look(after: 0)
        #expect(bench.look(after: 1000).told == ["1:op-1", "1:op-2"])
        #expect(bench.look(after: 250).told == ["1:op-3", "1:op-4"])
        #expect(bench.look(after: 250).told == ["1:op-5"])

        let small = TailBench { $0.bytes = 1 }
        try small.open(1)
        for number in 1...2 { small.source.add(UInt64(number)) }
        _ = small.look(after: 0)
        #expect(small.look(after: 1000).told == ["1:op-1"])
        #expect(small.look(after: 0).told == ["1:op-2"])
    }

    @Test("What there is no room for is counted as dropped")
    func dropped() throws {
        let bench = TailBench { $0.maximumWaiting = 3 }
        try bench.open(1)
        for number in 1...5 { bench.source.add(UInt64(number)) }
        bench.source.missed = 40
        let first = bench.look(after: 0).round
        #expect(first.dropped == 42 && first.seen == 0)
        let second = bench.look(after: 1000)
        #expect(second.told == ["1:op-1", "1:op-2", "1:op-3"] && second.round.dropped == 0 && second.round.seen == 3)
    }

    @Test("Events that are too many for one tail are left out and counted, those of others are not")
    func manyEvents() throws {
        let bench = TailBench { $0.eventBytes = 500 }
        try bench.open(1)
        try bench.open(2, "name = \"op-3\"")
        for number in 1...3 { bench.source.add(UInt64(number)) }
        _ = bench.look(after: 0)
        let (round, told) = bench.look(after: 1000)
        #expect(told == ["1:op-1", "2:op-3"] && round.leftOut == [1: 2])
        #expect(round.withoutEvents.leftOut == [1: 3, 2: 1])
        #expect(round.withoutEvents.events.isEmpty && round.withoutEvents.seen == 3)
        var sum = TraceTail.Round()
        sum.take(round)
        sum.take(round)
        #expect(sum.seen == 6 && sum.leftOut == [1: 4])
    }

    @Test("A trace that cannot be read hides no other")
    func unreadable() throws {
        let bench = TailBench()
        try bench.open(1)
        bench.source.add(1, isBroken: true)
        bench.source.add(2)
        _ = bench.look(after: 0)
        #expect(bench.look(after: 1000).told == ["1:op-2"])
    }

    @Test("A query that is wrong, and another method than GET, are told so")
    func refusals() {
        let wrong = RequestHead(method: "GET", path: "/api/v1/tail", query: "q=servce+%3D+a")
        #expect { try TailQuestion(wrong, now: 0) } throws: { ($0 as? QueryError)?.code == "invalid_query" }
        let post = RequestHead(method: "POST", path: "/api/v1/tail")
        #expect { try TailQuestion(post, now: 0) } throws: { ($0 as? QueryError)?.status == 405 }
    }
}
