import Files
import Keeping
import OTLP
import SegmentStore
import StorageTesting
import Synchronization
import Testing
import TraceModel
import WireFormat

@Suite("What retention leaves")
struct KeepingTests {
    /// Moves only when told.
    private final class Time: Sendable {
        private let seconds = Mutex<UInt64>(1_700_000_000)
        func advance(days: UInt64) { seconds.withLock { $0 += days * 86_400 } }
        var now: UInt64 { seconds.withLock { $0 } * 1_000_000_000 }
        var clock: StoreClock { StoreClock(wall: { self.now }, monotonic: { self.now }) }
    }

    private static func id(_ number: UInt64) -> TraceID { TraceID(high: 0xABC, low: number) }

    private func submit(_ number: UInt64, isError: Bool = false, bytes: Int = 10, _ store: SegmentStore, _ time: Time) {
        var span = SpanValue(traceID: Self.id(number), spanID: SpanID(value: number))
        span.name = String(repeating: "\(number) ", count: bytes)
        span.startUnixNano = time.now
        span.endUnixNano = time.now + 1000
        if isError { span.status.code = .error }
        let body = OTLPSpanWriter.encode([span])
        var scanner = TelemetryScanner(collectsTraces: true)
        try? scanner.scan(body.span, as: .traces)
        let record = IngestRecord(
            kind: .traces, receivedAt: time.now, body: body, runs: scanner.runs, services: scanner.services,
            items: scanner.items)
        precondition(store.submit(record) { _ in }, "the queue is full")
        store.waitUntilAnswered()
    }

    private func open(
        _ directory: TemporaryDirectory, _ time: Time, _ keeping: KeptTraces,
        _ change: (inout StoreOptions) -> Void = { _ in }
    ) throws -> SegmentStore {
        var options = StoreOptions()
        options.sync = false
        options.clock = time.clock
        options.clockConfirmation = .zero
        options.retention = .seconds(7 * 86_400)
        options.keeping = keeping
        change(&options)
        let store = try SegmentStore.open(directory: directory.path, options: options)
        // From the second look on the time is believed.
        store.sweep()
        store.sweep()
        return store
    }

    private func present(_ numbers: ClosedRange<UInt64>, in store: SegmentStore) throws -> [UInt64] {
        try numbers.filter { try store.trace(Self.id($0)) != nil }
    }

    private func expectSums(_ store: SegmentStore) {
        let ledger = store.ledgerSums()
        var sum = ledger.held
        sum += ledger.deleted
        #expect(sum == ledger.stored)
        #expect(ledger.damaged == ItemCounts())
    }

    @Test("Rules are read with their lengths; what is wrong is told")
    func readsRules() throws {
        let rules = try KeepRule.parse(#"status = error for 30d; name = "a; b for 1d" for 12h;"#)
        #expect(rules.map(\.query) == ["status = error", #"name = "a; b for 1d""#])
        #expect(rules.map(\.length) == [.seconds(30 * 86_400), .seconds(12 * 3600)])
        #expect(try KeepRule.parse("").isEmpty)
        for wrong in [
            "status = error", "for 3d", "status = for 3d", "a = 1 for ever", "a = 1 for 0s", "a = 1 for 9999d",
        ] {
            #expect(throws: KeepRuleError.self) { try KeepRule.parse(wrong) }
        }
    }

    @Test("When its segment's time is over, what a rule or a pin holds stays until they end")
    func keeps() throws {
        let (directory, time) = (TemporaryDirectory(), Time())
        let pins = PinBook(directory: directory.path)
        let keeping = KeptTraces(rules: try KeepRule.parse("status = error for 30d"), pins: pins)
        let store = try open(directory, time, keeping)
        defer { store.close() }
        for number in UInt64(1)...6 { submit(number, isError: number % 3 == 0, store, time) }
        #expect(
            try pins.add(
                PinBook.Pin(trace: Self.id(4), until: time.now / 1_000_000_000 + 60 * 86_400, note: "", by: "")))
        time.advance(days: 1)
        submit(7, isError: false, store, time)  // ends the segment by its age
        store.waitUntilSealed()
        store.sweep()
        #expect(try present(1...7, in: store) == [1, 2, 3, 4, 5, 6, 7])
        time.advance(days: 8)
        submit(8, store, time)
        store.waitUntilSealed()
        store.sweep()
        #expect(try present(1...6, in: store) == [3, 4, 6])
        #expect(store.statistics.expired.spans >= 3)
        expectSums(store)
        time.advance(days: 25)
        store.sweep()
        #expect(try present(1...6, in: store) == [4])
        expectSums(store)
        time.advance(days: 30)
        store.sweep()
        #expect(try present(1...6, in: store).isEmpty)
        expectSums(store)
    }

    @Test("A pin that is taken away lets go at the next look, and pins outlive the program")
    func unpins() throws {
        let (directory, time) = (TemporaryDirectory(), Time())
        let first = PinBook(directory: directory.path)
        let pin = PinBook.Pin(
            trace: Self.id(2), until: time.now / 1_000_000_000 + 90 * 86_400, note: "a \"b\"\n", by: "me")
        #expect(try first.add(pin))
        let pins = PinBook(directory: directory.path)
        #expect(pins.pins == [pin])
        let store = try open(directory, time, KeptTraces(rules: [], pins: pins)) { $0.segmentBytes = 1 }
        defer { store.close() }
        for number in UInt64(1)...3 { submit(number, store, time) }
        time.advance(days: 8)
        store.waitUntilSealed()
        store.sweep()
        #expect(try present(1...3, in: store) == [2])
        #expect(try pins.remove(Self.id(2)))
        #expect(try !pins.remove(Self.id(2)))
        store.sweep()
        #expect(try present(1...3, in: store).isEmpty)
        #expect(PinBook(directory: directory.path).pins.isEmpty)
        expectSums(store)
    }

    @Test("The size bound takes what is not kept first, oldest first, and then what is kept")
    func bytes() throws {
        let (directory, time) = (TemporaryDirectory(), Time())
        let pins = PinBook(directory: directory.path)
        let keeping = KeptTraces(rules: try KeepRule.parse("status = error for 30d"), pins: pins)
        let whole = try open(directory, time, keeping) { $0.segmentBytes = 1 }
        for number in UInt64(1)...8 { submit(number, isError: number <= 2, bytes: 2_000, whole, time) }
        whole.waitUntilSealed()
        let bytes = whole.statistics.bytesOnDisk
        whole.close()
        let half = try open(directory, time, keeping) { $0.maxBytes = bytes / 2 + bytes / 16 }
        #expect(try present(1...8, in: half) == [1, 2, 7, 8])
        expectSums(half)
        half.close()
        let little = try open(directory, time, keeping) { $0.maxBytes = bytes / 8 + bytes / 16 }
        defer { little.close() }
        #expect(try present(1...8, in: little) == [2])
        expectSums(little)
    }

    @Test("Where it cannot be told what is held, everything stays")
    func keepsWhole() throws {
        let (directory, time) = (TemporaryDirectory(), Time())
        let keeping = KeptTraces(
            rules: try KeepRule.parse("status = error for 30d"), pins: PinBook(directory: directory.path), limit: 1)
        let store = try open(directory, time, keeping) { $0.segmentBytes = 1 }
        defer { store.close() }
        for number in UInt64(1)...4 { submit(number, isError: true, store, time) }
        time.advance(days: 8)
        store.waitUntilSealed()
        store.sweep()
        #expect(try present(1...4, in: store) == [1, 2, 3, 4])
    }
}
