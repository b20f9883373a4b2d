import EventLoop
import HTTP
import OTLPDelivery
import SegmentStore
import SelfTelemetry
import StorageTesting
import Synchronization
import Testing
import TraceModel
import WireFormat

@testable import Tee

/// A client that answers at once, at the end of the loop's round, with what the test set.
private final class Backend: RequestSender {
    var requests: [HTTPClientRequest] = []
    var status = 200
    var headers: [(String, String)] = []
    var isSilent = false
    private let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func send(
        _ request: HTTPClientRequest, deadline: Duration,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        requests.append(request)
        guard !isSilent else { return }
        let response = HTTPClientResponse(status: status, headers: HTTPHeaders(headers))
        loop.atEndOfRound { done(.success(response)) }
    }

    func close() {}

    /// Bodies that were taken, by path.
    func bodies(_ path: String) -> [UInt8] { requests.filter { $0.path == path }.flatMap(\.body) }
}

@Suite struct TeeTests {
    private let directory = TemporaryDirectory()
    private let loop: EventLoop
    private let backend: Backend
    private let registry = MetricRegistry()

    init() throws {
        loop = try EventLoop()
        backend = Backend(loop)
    }

    private func open(_ change: (inout StoreOptions) -> Void = { _ in }) throws -> SegmentStore {
        var options = StoreOptions()
        options.sync = false
        change(&options)
        return try SegmentStore.open(directory: directory.path, options: options)
    }

    private func tee(_ store: SegmentStore, _ change: (inout Tee.Options) -> Void = { _ in }) -> Tee {
        var options = Tee.Options()
        options.encoding = .none
        options.pause = .milliseconds(1)
        options.saveInterval = .zero
        change(&options)
        let tee = Tee(
            store: store, directory: directory.path, loop: loop, options: options,
            counters: TeeCounters(program: "test", registry: registry), log: Log(level: .error)
        ) { backend }
        tee.begin()
        return tee
    }

    private static func body(_ number: UInt64, _ bytes: Int) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.message(2) { scope in
                scope.message(2) { span in
                    span.bytes(1, TraceID(high: 7, low: number).bytes)
                    span.bytes(2, SpanID(value: number).bytes)
                    // Bytes that do not compress, so that segments fill up.
                    var state = number
                    span.bytes(
                        999,
                        (0..<bytes).map { _ in
                            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                            return UInt8(truncatingIfNeeded: state >> 56)
                        })
                }
            }
        }
        return writer.bytes
    }

    private func append(
        _ number: UInt64, to store: SegmentStore, kind: SignalKind = .traces, bytes: Int = 10,
        receivedAt: UInt64 = 1_000
    ) {
        let done = Mutex(false)
        let record = IngestRecord(
            kind: kind, receivedAt: receivedAt, body: Self.body(number, bytes), items: 1)
        #expect(store.submit(record) { _ in done.withLock { $0 = true } })
        while !done.withLock({ $0 }) { loop.runOnce(timeout: .milliseconds(1)) }
    }

    private func run(until condition: () -> Bool, _ place: SourceLocation = #_sourceLocation) {
        let end = loop.now() + .seconds(60)
        while !condition(), loop.now() < end { loop.runOnce(timeout: .milliseconds(5)) }
        #expect(condition(), sourceLocation: place)
    }

    private func value(_ name: String) -> Int? {
        registry.render().split(separator: "\n").first { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
            .flatMap { Int($0.split(separator: " ").last ?? "") }
    }

    @Test("Everything stored is passed on in order, each signal to its own path; what comes later too")
    func passesOn() throws {
        let store = try open()
        defer { store.close() }
        for number in 1...5 as ClosedRange<UInt64> { append(number, to: store) }
        append(6, to: store, kind: .logs)
        append(7, to: store, kind: .metrics)
        let tee = tee(store)
        run { backend.requests.count == 7 }
        append(8, to: store)
        run { backend.requests.count == 8 }
        run { tee.position.items == 8 }
        #expect(backend.bodies("/v1/traces") == [1, 2, 3, 4, 5, 8].flatMap { Self.body($0, 10) })
        #expect(backend.bodies("/v1/logs") == Self.body(6, 10))
        #expect(backend.bodies("/v1/metrics") == Self.body(7, 10))
        run { value("test_tee_lag_items") == 0 }
        #expect(value("test_tee_sent_items_total{signal=\"traces\"}") == 6)
        tee.close()
    }

    @Test("After a restart it goes on where it was; what was on its way is sent again under the same number")
    func goesOn() throws {
        let store = try open()
        for number in 1...3 as ClosedRange<UInt64> { append(number, to: store) }
        let first = tee(store) { $0.dialect = .hms }
        run { first.position.items == 3 }
        backend.isSilent = true
        append(4, to: store)
        run { backend.requests.count == 4 }
        first.close()
        store.close()
        let again = try open()
        defer { again.close() }
        backend.isSilent = false
        let second = tee(again) { $0.dialect = .hms }
        run { second.position.items == 4 }
        #expect(backend.requests.count == 5)
        let names = backend.requests.map { "\($0.headers["x-hms-sender"] ?? "") \($0.headers["x-hms-sequence"] ?? "")" }
        #expect(names[4] == names[3])
        #expect(Set(names).count == 4)
        #expect(backend.requests[4].body == Self.body(4, 10))
        second.close()
    }

    @Test("What is sent under is on the disk before anything is sent, so a crash at once changes no number")
    func keepsSender() throws {
        let store = try open()
        defer { store.close() }
        append(1, to: store)
        let first = tee(store) {
            $0.dialect = .hms
            $0.saveInterval = .seconds(3600)
        }
        let kept = TeePosition(line: String(decoding: directory.bytes(TeePosition.fileName), as: UTF8.self))
        #expect(kept == first.position)
        run { backend.requests.count == 1 }
        // As after a kill: the first is never closed.
        let second = tee(store) { $0.dialect = .hms }
        run { backend.requests.count == 2 }
        #expect(backend.requests[0].headers["x-hms-sender"] == backend.requests[1].headers["x-hms-sender"])
        second.close()
        first.close()
    }

    @Test("While the backend is away nothing is lost, and the lag tells")
    func waits() throws {
        let store = try open()
        defer { store.close() }
        backend.status = 503
        backend.headers = [("retry-after", "0")]
        let tee = tee(store)
        for number in 1...20 as ClosedRange<UInt64> { append(number, to: store) }
        run { value("test_tee_lag_items") == 20 }
        #expect(value("test_tee_reachable") == 0)
        #expect(tee.position.items == 0)
        #expect((value("test_tee_lag_seconds") ?? 0) > 1_000)
        backend.status = 200
        let before = backend.requests.count
        run { tee.position.items == 20 }
        run { value("test_tee_lag_items") == 0 }
        #expect(backend.requests[before...].flatMap(\.body).count >= 20 * Self.body(1, 10).count)
        #expect(value("test_tee_reachable") == 1)
        tee.close()
    }

    @Test("A request that the backend will never take is counted and passed over")
    func refused() throws {
        let store = try open()
        defer { store.close() }
        backend.status = 400
        append(1, to: store)
        let tee = tee(store)
        run { tee.position.items == 1 }
        backend.status = 200
        append(2, to: store)
        run { tee.position.items == 2 }
        #expect(value("test_tee_refused_items_total{signal=\"traces\"}") == 1)
        #expect(value("test_tee_sent_items_total{signal=\"traces\"}") == 1)
        tee.close()
    }

    @Test("What retention deletes first is counted, and the rest is passed on")
    func skips() throws {
        let store = try open {
            $0.segmentBytes = 32 << 10
            $0.maxBytes = 200 << 10
        }
        defer { store.close() }
        backend.isSilent = true
        let tee = tee(store)
        let count: UInt64 = 12
        // Each of these fills a segment.
        for number in 1...count { append(number, to: store, bytes: 64 << 10) }
        store.waitUntilSealed()
        // What is deleted before the tee saw it cannot be counted.
        run { value("test_tee_lag_items") == Int(count) }
        store.sweep()
        let left = store.statistics.held.spans
        #expect(left < count)
        run { value("test_tee_lag_items") == Int(left) }
        #expect(value("test_tee_skipped_items_total") == Int(count - left))
        #expect(value("test_tee_skipped_segments_total") == Int(count - left))
        tee.close()
    }

    @Test("A position that is damaged or of another store begins anew")
    func badPosition() throws {
        let store = try open()
        defer { store.close() }
        append(1, to: store)
        for content in ["HMSTEE 1 1 1 1 nonsense 00000000\n", ""] {
            directory.write(Array(content.utf8), to: TeePosition.fileName)
            backend.requests = []
            let tee = tee(store)
            run { tee.position.items == 1 }
            #expect(backend.requests.count == 1)
            tee.close()
        }
        let foreign = TeePosition(
            next: RecordPosition(segment: 900, frame: 0), items: 0, sender: SenderID(high: 1, low: 2))
        directory.write(Array(foreign.line.utf8), to: TeePosition.fileName)
        let tee = tee(store)
        run { tee.position.items == 1 }
        tee.close()
    }

    @Test("The backend's name may become known later")
    func connectsLater() throws {
        let store = try open()
        defer { store.close() }
        append(1, to: store)
        var attempts = 0
        var options = Tee.Options()
        options.connectPause = .milliseconds(1)
        struct Unknown: Error {}
        let tee = Tee(
            store: store, directory: directory.path, loop: loop, options: options,
            counters: TeeCounters(program: "test", registry: registry), log: Log(level: .error)
        ) {
            attempts += 1
            if attempts < 3 { throw Unknown() }
            return backend
        }
        tee.begin()
        run { tee.position.items == 1 }
        #expect(attempts == 3)
        tee.close()
    }
}

@Suite struct TeePartsTests {
    @Test("A position is reached when everything before it is, whatever the order of the answers")
    func inOrder() {
        let sender = SenderID(high: 1, low: 2)
        var queue = FrameQueue(from: TeePosition(sender: sender))
        let first = queue.add(RecordPosition(segment: 1, frame: 0), items: 5, receivedAt: 10, batches: 2)
        let second = queue.add(RecordPosition(segment: 1, frame: 1), items: 7, receivedAt: 20, batches: 1)
        let third = queue.add(RecordPosition(segment: 2, frame: 0), items: 1, receivedAt: 30, batches: 1)
        #expect(queue.readNext == RecordPosition(segment: 2, frame: 1))
        #expect(queue.settle(second) == false)
        #expect(queue.settle(first) == false)
        #expect(queue.done == TeePosition(sender: sender))
        #expect(queue.settle(first) == true)
        #expect(queue.done == TeePosition(next: RecordPosition(segment: 1, frame: 2), items: 12, sender: sender))
        #expect(queue.oldest == 30)
        #expect(queue.settle(third) == true)
        #expect(queue.done == TeePosition(next: RecordPosition(segment: 2, frame: 1), items: 1, sender: sender))
        #expect(queue.isEmpty)
    }

    @Test("A line of a position reads back, and nothing else does")
    func positionLine() {
        let position = TeePosition(
            next: RecordPosition(segment: 3, frame: 4), items: 5, sender: SenderID(high: 0xABC, low: 0xDEF))
        #expect(position.line.hasPrefix("HMSTEE 1 3 4 5 00000000-0000-0abc-0000-000000000def "))
        #expect(TeePosition(line: position.line) == position)
        for index in position.line.indices {
            var line = position.line
            line.remove(at: index)
            #expect(TeePosition(line: line) == nil)
        }
        #expect(TeePosition(line: position.line.uppercased()) == nil)
    }

    @Test("Headers are read line by line; what the request decides itself cannot be set")
    func headers() throws {
        let text = "# keys\n\nAuthorization: Bearer abc:def\r\n  x-scope-orgid :  7 \n"
        #expect(
            try TeeHeaders.parse(text).map { "\($0.0)=\($0.1)" } == ["authorization=Bearer abc:def", "x-scope-orgid=7"])
        for (text, reason) in [
            ("a", "line 1 is not 'name: value'"), ("\na b: c", "line 2 has no valid name of a header"),
            ("a: \u{7}", "the value in line 1 is not printable ASCII"),
            ("Content-Type: x", "line 1 sets 'content-type', which the request itself decides"),
        ] {
            #expect(throws: TeeHeaders.Fault(reason: reason)) { try TeeHeaders.parse(text) }
        }
    }
}
