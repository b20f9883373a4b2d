@testable import HMSTrace
import Glibc
import Synchronization
import Testing
import TraceModel
import WireFormat

/// Stands where HTTP is, and keeps what it is given.
private final class RecordingSender: LargeMessageSender {
    private let messages = Mutex<[[UInt8]]>([])
    private let outcome: LargeMessageOutcome
    init(_ outcome: LargeMessageOutcome = .acknowledged) { self.outcome = outcome }
    func send(_ message: [UInt8], deadline: Duration) -> LargeMessageOutcome {
        messages.withLock { $0.append(message) }
        return outcome
    }
    var received: [[UInt8]] { messages.withLock { $0 } }
}

/// Holds the sending thread until it is let go.
private final class BlockingSender: LargeMessageSender {
    private let isOpen = Atomic(false)
    private let isEntered = Atomic(false)
    func send(_ message: [UInt8], deadline: Duration) -> LargeMessageOutcome {
        isEntered.store(true, ordering: .releasing)
        while !isOpen.load(ordering: .acquiring) { sched_yield() }
        return .acknowledged
    }
    func waitUntilEntered() {
        while !isEntered.load(ordering: .acquiring) { sched_yield() }
    }
    func open() { isOpen.store(true, ordering: .releasing) }
}

private func end(_ count: Int, on tracer: Tracer, payload: Int = 0) {
    for number in 0..<count {
        let span = tracer.startSpan("span \(number)")
        // Attribute values are cut at 16 KiB, so larger spans have several.
        for part in stride(from: 0, to: payload, by: 16_000) {
            span.attributes["p\(part)"] = String(repeating: "x", count: min(16_000, payload - part))
        }
        span.end()
    }
}

private let refusals: [(LargeMessageOutcome, tooLarge: UInt64, failed: UInt64)] = [
    (.tooLarge, 1, 0), (.failed("no route"), 0, 1),
]

@Suite struct ExportTests {
    private func tracer(
        _ address: String, sender: (any LargeMessageSender)? = nil, _ change: (inout TracerOptions) -> Void = { _ in }
    ) -> Tracer {
        var options = TracerOptions(service: "s", sidecar: address)
        change(&options)
        return Tracer(options, largeMessages: sender)
    }

    @Test("Datagrams are numbered from 1 without gaps, under one producer, and hold every span once, in order")
    func sequences() throws {
        let sidecar = try SidecarSocket()
        let tracer = tracer(sidecar.address)
        var datagrams: [ReceivedDatagram] = []
        for _ in 0..<20 {
            end(50, on: tracer)
            #expect(tracer.flush(timeout: .seconds(20)))
            datagrams += try sidecar.receiveAll()
        }
        #expect(datagrams.map(\.sequence) == Array(1...UInt64(datagrams.count)))
        #expect(Set(datagrams.map(\.producer)).count == 1 && datagrams[0].producer != 0)
        let names = datagrams.flatMap(\.request.spans).map(\.name)
        #expect(names == (0..<20).flatMap { _ in (0..<50).map { "span \($0)" } })
        let statistics = tracer.statistics
        #expect(
            statistics.ended == 1_000 && statistics.sent == 1_000 && statistics.datagrams == UInt64(datagrams.count))
        #expect(statistics.queued == 0 && statistics.queuedBytes == 0)
    }

    @Test("Another tracer is another producer")
    func producers() throws {
        let sidecar = try SidecarSocket()
        let (one, two) = (tracer(sidecar.address), tracer(sidecar.address))
        for tracer in [one, two] {
            end(1, on: tracer)
            #expect(tracer.flush(timeout: .seconds(20)))
        }
        #expect(Set(try sidecar.receiveAll().map(\.producer)).count == 2)
    }

    @Test("Spans are packed up to 60 KiB, a single one up to what a datagram can hold, larger ones apart")
    func packing() throws {
        var packer = DatagramPacker(
            producer: 9, resource: SpanEncoder.resource(["service.name": "s"], maximumBytes: 1_000))
        let sizes = [30_000, 30_000, 30_000, 200, 62_000, 65_300, 65_500, 70_000, 2_000_000, 2_000_000, 100]
        var sent: [String] = []
        packer.pack(sizes.map { [UInt8](repeating: 0, count: $0) }, dropped: 0) { message in
            switch message {
            case .datagram(let bytes, let spans, let spanBytes):
                #expect(bytes.count <= 65_507)
                sent.append("datagram \(spans) \(spanBytes)")
            case .large(_, let spans, let spanBytes): sent.append("large \(spans) \(spanBytes)")
            }
        }
        #expect(
            sent == [
                "datagram 2 60000", "datagram 2 30200", "datagram 1 62000", "large 3 2135500", "datagram 1 65300",
                "datagram 1 100", "large 1 2000000",
            ])
    }

    @Test("What no datagram can hold goes over HTTP as a request of its own, the rest by datagram")
    func oversized() throws {
        let sidecar = try SidecarSocket()
        let sender = RecordingSender()
        let tracer = tracer(sidecar.address, sender: sender)
        end(1, on: tracer, payload: 100_000)
        end(2, on: tracer, payload: 10)
        #expect(tracer.flush(timeout: .seconds(20)))
        #expect(try sidecar.receiveAll().flatMap(\.request.spans).count == 2)
        try #require(sender.received.count == 1)
        var scanner = TelemetryScanner(collectsTraces: true)
        let message = sender.received[0]
        try scanner.scan(message.span, as: .traces)
        #expect(scanner.items == 1 && scanner.services == [ServiceCount(name: "s", spans: 1)])
        let span = try #require(try ReceivedRequest(message).spans.first)
        #expect(span.attributes.values.reduce(0) { $0 + $1.utf8.count - 2 } == 100_000)
        #expect(tracer.statistics.sent == 3 && tracer.statistics.httpRequests == 1)
    }

    @Test(
        "A refused or failed request is counted by what it was",
        arguments: refusals)
    func refusedLarge(outcome: LargeMessageOutcome, tooLarge: UInt64, failed: UInt64) throws {
        let sidecar = try SidecarSocket()
        let tracer = tracer(sidecar.address, sender: RecordingSender(outcome))
        end(1, on: tracer, payload: 100_000)
        #expect(tracer.flush(timeout: .seconds(20)))
        let statistics = tracer.statistics
        #expect(
            statistics.droppedTooLarge == tooLarge && statistics.droppedSendFailed == failed && statistics.sent == 0)
        #expect(statistics.lastError == (failed > 0 ? "no route" : nil))
    }

    @Test("A full queue drops and counts, does not wait, and tells the sidecar afterwards")
    func fullQueue() throws {
        let sidecar = try SidecarSocket()
        let sender = BlockingSender()
        let tracer = tracer(sidecar.address, sender: sender) { $0.maximumQueuedBytes = 400_000 }
        end(1, on: tracer, payload: 100_000)
        sender.waitUntilEntered()
        // The sending thread stands still, so whatever returns here did not wait for it.
        end(10_000, on: tracer)
        end(1, on: tracer, payload: 500_000)
        let full = tracer.statistics
        #expect(full.queuedBytes <= 400_000 && full.queuedBytes > 390_000)
        #expect(full.droppedQueueFull > 1_000 && full.droppedTooLarge == 1 && full.ended == 10_002)
        #expect(full.ended == full.queued + full.dropped)
        #expect(!tracer.flush(timeout: .zero))
        sender.open()
        #expect(tracer.flush(timeout: .seconds(20)))
        let datagrams = try sidecar.receiveAll()
        #expect(datagrams.last?.request.scope["hms.client.spans_dropped"] == "i:\(full.dropped)")
        let after = tracer.statistics
        #expect(after.sent + after.dropped == after.ended && after.queued == 0 && after.queuedBytes == 0)
    }

    @Test("A flush waits for the spans taken in before it; neither drops nor later spans stand in for them")
    func flushCounts() {
        var queue = SpanQueue(maximumBytes: 100, maximumDelay: .seconds(1), sendThreshold: 1_000)
        let span = [UInt8](repeating: 0, count: 30)
        for _ in 0..<2 { _ = queue.append(span, now: 0) }
        #expect(!queue.isDue)
        let target = queue.beginFlush()
        #expect(queue.isDue && queue.finished < target)
        _ = queue.append(span, now: 0)
        for _ in 0..<5 { _ = queue.append(span, now: 0) }  // no room
        #expect(queue.statistics.droppedQueueFull == 5 && queue.finished < target)
        #expect(queue.takePending().count == 3)
        queue.complete(spans: 2, bytes: 60, as: \.sent)  // perhaps not the first two
        #expect(queue.finished < target)
        queue.complete(spans: 1, bytes: 30, as: \.sent)
        queue.finishTaken()
        #expect(queue.finished >= target && !queue.isDue)
    }

    @Test("A sidecar that is not there costs spans, which are counted, and nothing else")
    func nobodyListens() throws {
        let address = try SidecarSocket().address  // closed again at once
        let tracer = tracer(address)
        for _ in 0..<10 {
            end(1, on: tracer)
            #expect(tracer.flush(timeout: .seconds(20)))
        }
        let statistics = tracer.statistics
        #expect(statistics.ended == 10 && statistics.sent + statistics.droppedSendFailed == 10)
    }

    @Test(
        "A wrong address neither throws nor crashes; its spans are counted as lost",
        arguments: ["nonsense", "", "10.0.0.1:99999"])
    func wrongAddress(address: String) {
        let tracer = tracer(address)
        end(3, on: tracer)
        #expect(tracer.flush(timeout: .seconds(20)))
        #expect(tracer.statistics.droppedSendFailed == 3)
        #expect(tracer.statistics.lastError != nil)
    }

    @Test("Shutdown sends what is queued; what ends later is counted")
    func shutdown() throws {
        let sidecar = try SidecarSocket()
        let tracer = tracer(sidecar.address) {
            $0.maximumDelay = .seconds(3_600)
            $0.sendThreshold = 1 << 20
        }
        end(5, on: tracer)
        #expect(tracer.statistics.queued == 5)
        #expect(tracer.shutdown(timeout: .seconds(20)))
        end(2, on: tracer)
        #expect(try sidecar.receiveAll().flatMap(\.request.spans).count == 5)
        #expect(tracer.statistics.droppedAfterShutdown == 2 && tracer.statistics.sent == 5)
        #expect(tracer.shutdown(timeout: .seconds(20)))
    }

    @Test("Shutdown gives up at its deadline")
    func boundedShutdown() throws {
        let sidecar = try SidecarSocket()
        let sender = BlockingSender()
        let tracer = tracer(sidecar.address, sender: sender)
        end(1, on: tracer, payload: 100_000)
        sender.waitUntilEntered()
        #expect(!tracer.shutdown(timeout: .milliseconds(1)))
        sender.open()
        #expect(tracer.shutdown(timeout: .seconds(20)))
    }

    @Test("Spans from many threads at once all arrive")
    func concurrency() async throws {
        let sidecar = try SidecarSocket()
        let tracer = tracer(sidecar.address)
        await withTaskGroup { group in
            for _ in 0..<4 { group.addTask { end(100, on: tracer) } }
        }
        #expect(tracer.flush(timeout: .seconds(20)))
        let datagrams = try sidecar.receiveAll()
        #expect(Set(datagrams.flatMap(\.request.spans).map(\.id)).count == 400)
        #expect(datagrams.map(\.sequence) == Array(1...UInt64(datagrams.count)))
    }

    @Test("The bootstrapped tracer serves the module's functions")
    func bootstrap() throws {
        let sidecar = try SidecarSocket()
        HMSTrace.bootstrap(service: "global", sidecar: sidecar.address)
        withSpan("outer") { outer in
            #expect(HMSTrace.currentSpan === outer)
            var headers: [String: String] = [:]
            HMSTrace.inject(into: &headers, using: DictionaryCarrier())
            #expect(HMSTrace.extract { headers[$0].map { [$0] } ?? [] }.trace == outer.context.trace)
            startSpan("inner").end()
        }
        #expect(HMSTrace.shutdown(timeout: .seconds(20)))
        let spans = try sidecar.receiveAll().flatMap(\.request.spans)
        #expect(spans.map(\.name) == ["inner", "outer"] && spans[0].parent == spans[1].id)
        #expect(HMSTrace.statistics.sent == 2)
    }
}
