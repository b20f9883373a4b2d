import EventLoop
import HTTP
import OTLPDelivery
import StorageTesting
import Testing
import WireFormat

@testable import Forwarding
@testable import Spool

@Suite struct CollectorLinkTests {
    @Test("So many batches are on their way at once, and no more")
    func inFlight() throws {
        let bench = try LinkBench()
        let sender = bench.senders[0]
        for number in 0..<10 { try bench.store("\(number)") }
        #expect(sender.open == 4)
        sender.answer(200)
        #expect(sender.open == 4 && sender.requests.count == 5)
        while sender.open > 0 { sender.answer(200) }
        #expect(sender.sequences == (1...10).map { "\($0)" })
        #expect(bench.total { $0.spooled } == 0)
    }

    @Test(
        "A connection that is refused, reset or lost, and no answer in time: sent again under the same number",
        arguments: [
            .cannotConnect("refused"), .reset(code: 2), .connectionLost("gone"), .deadlineExceeded, .refused,
            .queueFull,
        ] as [HTTPClientError.Reason])
    func failures(reason: HTTPClientError.Reason) throws {
        let bench = try LinkBench()
        let sender = bench.senders[0]
        try bench.store("again")
        sender.fail(reason)
        try bench.run { sender.open == 1 }
        sender.answer(200)
        #expect(sender.sequences == ["1", "1"])
        #expect(sender.requests[0].body == sender.requests[1].body)
        #expect(bench.total { $0.settled.forwarded } == 1)
    }

    @Test("In trouble one batch tries the way, oldest first; when it comes through the others follow")
    func oneAtATime() throws {
        let bench = try LinkBench()
        let sender = bench.senders[0]
        for number in 0..<8 { try bench.store("\(number)") }
        for _ in 0..<4 { sender.fail(.deadlineExceeded) }
        try bench.run { sender.open > 0 }
        #expect(sender.open == 1)
        sender.answer(503)
        try bench.run { sender.open > 0 }
        #expect(sender.open == 1)
        #expect(sender.sequences == ["1", "2", "3", "4", "1", "1"])
        sender.answer(200)
        #expect(sender.open == 4)
        #expect(sender.sequences.suffix(4) == ["2", "3", "4", "5"])
        while sender.open > 0 { sender.answer(200) }
        #expect(bench.total { $0.settled.forwarded } == 8)
    }

    @Test("The time that a collector asks for is waited, also after others asked for less")
    func retryAfter() throws {
        let bench = try LinkBench()
        let sender = bench.senders[0]
        for number in 0..<2 { try bench.store("\(number)") }
        let start = MonotonicTime.now()
        sender.fail(.deadlineExceeded)
        sender.answer(503, [("retry-after", "1")])
        try bench.run { sender.open > 0 }
        #expect(MonotonicTime.now() - start >= .milliseconds(990))
    }

    @Test("What is refused for good is kept with the reason, also when it is refused again after a crash")
    func refused() throws {
        let bench = try LinkBench()
        try bench.store("poison")
        let copy = bench.directory.copyTree()
        for directory in [bench.directory, copy] {
            let again = directory === copy ? try LinkBench(directory: copy) : bench
            if again !== bench { for batch in again.takeRecovered() { again.links[0].add(batch) } }
            again.senders[0].answer(400)
            let sender = try #require(again.spool.lanes.first?.sender)
            #expect(directory.bytes("refused/\(sender)-1-traces.otlp") == Array("poison".utf8))
            #expect(directory.bytes("refused/\(sender)-1-traces.reason") == Array("status 400\n".utf8))
            #expect(again.total { $0.settled.dropped(.refused) } == 1)
        }
        let parcel = CollectorDialect.Parcel(
            kind: .traces, body: [1], message: 0..<1, encoding: .zstd, sender: "s", sequence: 1)
        let keeper = RefusedBatches(directory: copy.path + "/other", maxBytes: 10)
        let path = copy.path + "/other/s-1-traces.otlp.zst"
        for _ in 0..<2 { #expect(keeper.keep(parcel, reason: "no") == path) }
        var large = parcel
        (large.sequence, large.body, large.message) = (2, [UInt8](repeating: 0, count: 11), 0..<11)
        #expect(keeper.keep(large, reason: "no") == nil)
    }

    @Test("A batch whose bytes cannot be read back any more is counted as damaged and not sent")
    func unreadable() throws {
        let first = try LinkBench()
        try first.store("damaged")
        let copy = first.directory.copyTree()
        let lane = try #require(copy.names().first { $0.hasPrefix("tcp-traces") })
        copy.change("\(lane)/000000000001.spool") { $0[$0.count - 1] ^= 1 }
        let bench = try LinkBench(directory: copy)
        for batch in bench.takeRecovered() { bench.links[0].add(batch) }
        #expect(bench.senders[0].requests.isEmpty)
        #expect(bench.total { $0.settled.dropped(.damaged) } == 1 && bench.total { $0.spooled } == 0)
        #expect(copy.names().contains("quarantine"))
    }

    @Test("Of large batches one at a time is on its way, whichever their collectors; small ones pass beside it")
    func largeOneAtATime() throws {
        let bench = try LinkBench(["a:1", "b:1"])
        let large = (0..<4).map { [UInt8](repeating: UInt8($0), count: BatchPacker.largeBytes + $0) }
        try bench.store(large[0], for: 0)
        try bench.store(large[1], for: 1)
        try bench.store(large[2], for: 0)
        try bench.store([1], .metrics, for: 1)
        let (a, b) = (bench.senders[0], bench.senders[1])
        #expect(a.requests.map(\.body) == [large[0]] && b.requests.map(\.body) == [[1]])
        a.fail(.deadlineExceeded)
        #expect(b.requests.map(\.body) == [[1], large[1]], "what is to be sent again gives its place up meanwhile")
        b.answer(200)
        b.answer(200)
        try bench.run { a.requests.count == 2 }
        #expect(a.requests[1].body == large[0] && a.sequences == ["1", "1"])
        a.answer(200)
        #expect(a.requests.last?.body == large[2])
        a.answer(200)
        #expect(bench.total { $0.settled.forwarded } == 4 && bench.total { $0.spooled } == 0)
    }

    @Test("What is on its way is bounded in bytes as well")
    func inFlightBytes() throws {
        let bench = try LinkBench(maxInFlightBytes: 2500)
        let sender = bench.senders[0]
        for number: UInt8 in 0..<4 { try bench.store([UInt8](repeating: number, count: 1000)) }
        try bench.store([UInt8](repeating: 9, count: 5000))
        #expect(sender.open == 2)
        sender.answer(200)
        #expect(sender.open == 2)
        while sender.open > 0 { sender.answer(200) }
        #expect(sender.requests.map(\.body.count) == [1000, 1000, 1000, 1000, 5000])
    }

    @Test("A batch that fails while others come through takes turns with them, and is set aside in the end")
    func poison() throws {
        let bench = try LinkBench()
        let sender = bench.senders[0]
        try bench.store("poison")
        var delivered = 0
        var answers = 0
        while bench.total({ $0.settled.dropped(.refused) }) == 0 {
            try #require(answers < 500, "it blocks the way or is tried for ever")
            if sender.open == 0 { try bench.run { sender.open > 0 } }
            // One more each time, so that there is always something that passes.
            if bench.total({ $0.spooled }) < 3 { try bench.store("good \(answers)") }
            answers += 1
            let body = sender.requests[sender.requests.count - sender.open].body
            if body == Array("poison".utf8) {
                sender.answer(500)
            } else {
                delivered += 1
                sender.answer(200)
            }
        }
        #expect(delivered >= RetryList.mostStrikes)
        #expect(sender.requests.count { $0.body == Array("poison".utf8) } >= RetryList.mostAnswered)
        #expect(bench.directory.names().contains("refused"))
    }

    @Test("A collector that fails all, or asks for time, has nothing set aside however often it fails")
    func nothingPasses() throws {
        let bench = try LinkBench()
        let sender = bench.senders[0]
        for number in 0..<3 { try bench.store("\(number)") }
        for number in 0..<150 {
            if sender.open == 0 { try bench.run { sender.open > 0 } }
            sender.answer(number % 2 == 0 ? 500 : 503, number % 2 == 0 ? [] : [("retry-after", "0")])
        }
        while bench.total({ $0.spooled }) > 0 {
            if sender.open == 0 { try bench.run { sender.open > 0 } }
            sender.answer(200)
        }
        #expect(bench.total { $0.settled.forwarded } == 3)
    }

    @Test("A link in trouble does not hold the place that others need for large batches")
    func largeBesideTrouble() throws {
        let bench = try LinkBench(["a:1", "b:1"])
        let large = (0..<3).map { [UInt8](repeating: UInt8($0), count: BatchPacker.largeBytes + $0) }
        try bench.store(large[0], for: 1)
        let (a, b) = (bench.senders[0], bench.senders[1])
        b.fail(.deadlineExceeded)
        try bench.run { b.open == 1 }
        // It has no answer, and does not get one.
        try bench.store(large[1], for: 0)
        try bench.store(large[2], for: 0)
        #expect(a.requests.map(\.body) == [large[1]])
        a.answer(200)
        #expect(a.requests.map(\.body) == [large[1], large[2]])
    }

    @Test("A link that is closed packs nothing more")
    func closed() throws {
        let bench = try LinkBench()
        for number in 0..<8 { try bench.store("\(number)") }
        let sent = bench.senders[0].requests.count
        bench.links[0].close()
        while bench.senders[0].open > 0 { bench.senders[0].fail(.closed) }
        bench.loop.runOnce(timeout: .zero)
        #expect(bench.senders[0].requests.count == sent)
    }

    @Test("What cannot be read for a moment is sent later, and not lost")
    func unreadableForAMoment() throws {
        let bench = try LinkBench()
        try bench.store("first")
        bench.storage.set { $0.read = 5 }
        bench.senders[0].answer(200)
        try bench.store("second")
        #expect(bench.senders[0].requests.count == 1)
        bench.storage.set { $0.read = nil }
        try bench.run { bench.senders[0].open == 1 }
        bench.senders[0].answer(200)
        #expect(bench.total { $0.settled.forwarded } == 2 && bench.total { $0.settled.dropped(.damaged) } == 0)
    }
}
