import EventLoop
import Files
import HTTP
import Spool
import Testing
import TraceModel
import WireFormat

@testable import Forwarding

@Suite struct ForwardingTests {
    @Test("Messages are concatenated until the batch is full, and numbered in order")
    func batchesBySize() throws {
        let bench = try ForwardingBench(batchBytes: 10)
        for text in ["aaaa", "bbbb", "cccc", "dddd"] { #expect(bench.append(text)) }
        bench.lane.flush()
        try bench.run { bench.isSettled }
        #expect(bench.collector.texts == ["aaaabbbb", "ccccdddd"])
        #expect(bench.collector.sequences == ["1", "2"])
        #expect(bench.collector.received.allSatisfy { $0.path == "/v1/traces" && $0.encoding == "zstd" })
        #expect(bench.collector.received.allSatisfy { $0.sender == "\(bench.lane.account.sender)" })
        #expect(bench.figures.settled.forwarded == 4)
    }

    @Test("A batch that does not fill is sent when it is old enough")
    func batchesByAge() throws {
        let bench = try ForwardingBench()
        #expect(bench.append("alone"))
        try bench.run { bench.isSettled }
        #expect(bench.collector.texts == ["alone"])
    }

    @Test("The same spans are stored once, and both senders are told that they are there")
    func repeats() throws {
        let bench = try ForwardingBench()
        var answers: [String] = []
        for text in ["same", "other", "same"] { #expect(bench.append(text) { answers.append("\($0)") }) }
        try bench.run { bench.isSettled && answers.count == 3 }
        #expect(bench.append("same") { answers.append("\($0)") })
        try bench.run { answers.count == 4 }
        #expect(answers.sorted() == ["duplicate", "duplicate", "stored", "stored"])
        #expect(bench.collector.texts == ["sameother"])
        #expect(bench.figures.accepted == 2)
    }

    @Test("Equal log records may both be meant, and are both stored")
    func equalLogs() throws {
        let bench = try ForwardingBench(kind: .logs)
        for _ in 0..<2 { #expect(bench.append("same")) }
        try bench.run { bench.isSettled }
        #expect(bench.collector.texts == ["samesame"])
    }

    @Test("A refusal for now is sent again under the same number", arguments: [401, 404, 408, 429, 500, 502, 503, 504])
    func retries(status: Int) throws {
        let bench = try ForwardingBench()
        bench.collector.answers = [HTTPResponse(status: status, headers: HTTPHeaders([("retry-after", "0")]))]
        #expect(bench.append("again"))
        try bench.run { bench.isSettled }
        #expect(bench.collector.sequences == ["1", "1"])
        #expect(bench.collector.texts == ["again", "again"])
        #expect(bench.figures.settled.forwarded == 1)
    }

    @Test("A batch that is never answered is sent again under the same number")
    func deadline() throws {
        let bench = try ForwardingBench(deadline: .milliseconds(50))
        bench.collector.answers = [nil]
        #expect(bench.append("again"))
        try bench.run { bench.isSettled }
        #expect(bench.collector.sequences == ["1", "1"])
    }

    @Test(
        "A batch that is refused for good is set aside and counted, and those behind it go on", arguments: [400, 413])
    func poison(status: Int) throws {
        let bench = try ForwardingBench(batchBytes: 4)
        bench.collector.answers = [HTTPResponse(status: status)]
        #expect(bench.append("poison", items: 3))
        #expect(bench.append("good", items: 2))
        try bench.run { bench.isSettled }
        #expect(bench.figures.settled.forwarded == 2)
        #expect(bench.figures.settled.dropped(.refused) == 3)
        let stem = "\(bench.lane.account.sender)-1-traces"
        let kept = try listDirectory(bench.directory + "/refused").sorted()
        #expect(kept == [stem + ".otlp.zst", stem + ".reason"])
    }

    @Test("A collector that does not know the encoding is sent a plainer one from then on")
    func repacks() throws {
        let bench = try ForwardingBench(batchBytes: 4)
        bench.collector.answers = [HTTPResponse(status: 415), HTTPResponse(status: 415)]
        #expect(bench.append("first"))
        try bench.run { bench.isSettled }
        #expect(bench.append("second"))
        try bench.run { bench.collector.received.count == 4 && bench.isSettled }
        #expect(bench.collector.received.map(\.encoding) == ["zstd", "gzip", "identity", "identity"])
        #expect(bench.collector.sequences == ["1", "1", "1", "2"])
    }

    @Test(
        "What the collector says it rejected is counted within what was sent, whatever number it says",
        arguments: [(2, 3, 2), (-7, 5, 0), (1_000, 0, 5)])
    func partialSuccess(rejected: Int, forwarded: UInt64, dropped: UInt64) throws {
        let bench = try ForwardingBench()
        var partial = ProtobufWriter()
        partial.message(1) { $0.varint(1, UInt64(bitPattern: Int64(rejected))) }
        bench.collector.answers = [HTTPResponse(status: 200, body: partial.bytes)]
        #expect(bench.append("five", items: 5))
        try bench.run { bench.isSettled }
        #expect(bench.figures.settled.forwarded == forwarded)
        #expect(bench.figures.settled.dropped(.rejected) == dropped)
    }

    @Test("A full spool takes nothing more, and takes it once the collector has made room")
    func full() throws {
        let bench = try ForwardingBench(maxBytes: 4096)
        #expect(bench.append(String(repeating: "a", count: 3000)))
        #expect(!bench.append(String(repeating: "b", count: 3000)))
        try bench.run { bench.isSettled }
        #expect(bench.append(String(repeating: "c", count: 3000)))
        try bench.run { bench.collector.received.count == 2 && bench.isSettled }
        #expect(bench.collector.texts.map { $0.prefix(1) } == ["a", "c"])
    }

    @Test("A drain is told when the last batch was answered")
    func drains() throws {
        let bench = try ForwardingBench()
        #expect(bench.append("last"))
        bench.lane.flush()
        let mailbox = try Mailbox<Bool>(capacity: 1)
        var isDrained = false
        try bench.loop.receive(from: mailbox) { _ in isDrained = true }
        bench.route.drain { mailbox.post(true) }
        try bench.run { isDrained }
        #expect(bench.isSettled)
        #expect(bench.collector.received.count == 1)
    }

    @Test("A process that follows sends what was not answered under the same number, and nothing else")
    func restart() throws {
        let directory = ForwardingBench.newDirectory()
        defer { _ = ForwardingBench.removeTree(directory) }
        var sender = ""
        do {
            let first = try ForwardingBench(directory: directory, batchBytes: 4)
            first.collector.answers = [HTTPResponse(status: 200), nil]
            #expect(first.append("done"))
            try first.run { first.isSettled }
            #expect(first.append("lost answer"))
            try first.run { first.collector.received.count == 2 }
            sender = first.collector.received[0].sender
        }
        let second = try ForwardingBench(directory: directory, batchBytes: 4)
        try second.run { second.isSettled }
        #expect(second.append("lost answer"))
        #expect(second.append("new"))
        second.lane.flush()
        try second.run { second.isSettled && second.collector.received.count == 2 }
        #expect(second.collector.texts == ["lost answer", "new"])
        #expect(second.collector.sequences == ["2", "3"])
        #expect(second.collector.received.allSatisfy { $0.sender == sender })
        #expect(second.figures.accepted == 3)
        #expect(second.figures.settled.forwarded == 3)
    }

    @Test("Rendezvous hashing spreads traces within 5 % of evenly, and a collector that is added moves only its share")
    func rendezvous() {
        let three = CollectorSet(names: ["a:1", "b:1", "c:1"])
        let four = CollectorSet(names: ["a:1", "b:1", "c:1", "d:1"])
        var shares = [0, 0, 0]
        var movedElsewhere = 0
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100_000 {
            let trace = TraceID.random(using: &generator)
            let owner = three.owner(of: trace)
            shares[owner] += 1
            let after = four.owner(of: trace)
            if after != owner, after != 3 { movedElsewhere += 1 }
        }
        #expect(shares.allSatisfy { abs($0 - 33_333) < 1_667 }, "\(shares)")
        #expect(movedElsewhere == 0)
    }

    @Test("A large message arrives byte by byte as it was")
    func largeMessage() throws {
        let bench = try ForwardingBench(maxBytes: 64 << 20)
        let text = (0..<500_000).map { "\($0 &* 2_654_435_761 % 1_000_003);" }.joined()
        #expect(text.utf8.count > BatchPacker.largeBytes)
        #expect(bench.append(text))
        try bench.run { bench.isSettled }
        #expect(bench.collector.texts == [text])
        #expect(bench.figures.settled.forwarded == 1)
    }
}
