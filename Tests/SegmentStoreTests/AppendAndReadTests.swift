import SegmentStore
import StorageTesting
import Testing
import TraceModel
import WireFormat

@Suite struct AppendAndReadTests {
    @Test("What was stored comes back byte for byte, in the order of arrival, whatever its kind")
    func roundTrip() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        let sender = SenderID(high: 7, low: 9)
        let records = [
            Samples.traces([1, 2], sender: sender, sequence: 5, receivedAt: 10), Samples.metrics(1, receivedAt: 11),
            Samples.logs(2, receivedAt: 12), Samples.record(.logs, [], receivedAt: 13),
        ]
        #expect(store.appendAll(records) == records.map { _ in .success(.stored) })
        store.close()

        let again = try SegmentStore.open(directory: directory.path, options: quick())
        defer { again.close() }
        let stored = try again.records()
        #expect(stored.map(\.kind) == [.traces, .metrics, .logs, .logs])
        #expect(stored.map(\.body) == records.map { Array($0.body) })
        #expect(stored.map(\.receivedAt) == [10, 11, 12, 13])
        #expect(stored.map(\.items) == [4, 1, 1, 0])
        #expect(stored.map(\.sender) == [sender, nil, nil, nil])
        #expect(stored.map(\.sequence) == [5, 0, 0, 0])
        #expect(again.statistics.held == ItemCounts(spans: 4, points: 1, logs: 1))
    }

    @Test("A trace can be read as soon as its callback has come, with exactly its own spans")
    func readYourWrites() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path)
        defer { store.close() }
        #expect(try store.trace(Samples.id(1)) == nil)
        #expect(store.append(Samples.traces([1, 2, 3])) == .success(.stored))
        #expect(try store.trace(Samples.id(2)) == Samples.spans([2]))
        // A second part of the trace, in another commit: the parts follow each other.
        #expect(store.append(Samples.traces([2, 4], service: "web")) == .success(.stored))
        #expect(try store.trace(Samples.id(2)) == Samples.spans([2]) + Samples.spans([2], service: "web"))
        #expect(try store.trace(Samples.id(9)) == nil)
    }

    @Test("Traces are found in open, ended and sealed segments, before and after a restart")
    func manySegments() throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 4 << 10 }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        let groups = (0..<60).map { group in (0..<10).map { UInt64(group * 10 + $0) } }
        for group in groups { #expect(store.append(Samples.traces(group)) == .success(.stored)) }
        for trace in groups.joined() { #expect(try store.trace(Samples.id(trace)) == Samples.spans([trace])) }
        store.waitUntilSealed()
        #expect(store.statistics.segments > 3)
        #expect(directory.names().filter { $0.hasSuffix(".idx") }.count >= 3)
        for trace in groups.joined() { #expect(try store.trace(Samples.id(trace)) == Samples.spans([trace])) }
        #expect(try store.trace(Samples.id(600)) == nil)
        store.close()

        let again = try SegmentStore.open(directory: directory.path, options: options)
        defer { again.close() }
        for trace in groups.joined() { #expect(try again.trace(Samples.id(trace)) == Samples.spans([trace])) }
        #expect(again.statistics.held.spans == 1200)
        #expect(again.services() == [ServiceSummary(name: "pay", spans: 1200, lastSeen: 1_000)])
    }

    @Test("A trace spread over many frames of one segment comes back whole, sealed or not")
    func spreadTrace() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 1 << 20 })
        var expected: [UInt8] = []
        for part in 0..<30 {
            expected += Samples.spans([1], service: "s\(part)")
            #expect(store.append(Samples.traces([1, UInt64(100 + part)], service: "s\(part)")) == .success(.stored))
        }
        #expect(try store.trace(Samples.id(1)) == expected)
        // Cut at a bound: whole parts from the front.
        let part = Samples.spans([1], service: "s0").count
        let cut = try store.trace(Samples.id(1), maxBytes: 3 * part)
        #expect(cut?.message == Array(expected.prefix(3 * part)))
        #expect(cut?.isTruncated == true)
        #expect(try store.trace(Samples.id(1), maxBytes: expected.count)?.isTruncated == false)
        store.close()
        // A store that seals all it finds.
        let sealing = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 1 })
        defer { sealing.close() }
        sealing.waitUntilSealed()
        #expect(directory.names().contains("00000001.idx"))
        #expect(try sealing.trace(Samples.id(1)) == expected)
        #expect(sealing.services().count == 30)
    }

    @Test("A record larger than a frame and one of the largest size are stored; one over it is refused alone")
    func largeRecords() throws {
        let directory = TemporaryDirectory()
        let options = quick {
            $0.maxRecordBytes = 1 << 20
            $0.frameBytes = 4 << 10
        }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        defer { store.close() }
        let largest = IngestRecord(kind: .logs, receivedAt: 1, body: [UInt8](repeating: 1, count: 1 << 20), items: 1)
        let over = IngestRecord(kind: .logs, receivedAt: 1, body: [UInt8](repeating: 1, count: 1 << 20 + 1), items: 1)
        let outcomes = store.appendAll([Samples.traces([1]), largest, over, Samples.traces([2])])
        #expect(
            outcomes == [
                .success(.stored), .success(.stored),
                .failure(.recordTooLarge(bytes: 1 << 20 + 1, limit: 1 << 20)), .success(.stored),
            ])
        #expect(try store.records().map(\.body.count).max() == 1 << 20)
        #expect(try store.trace(Samples.id(2)) == Samples.spans([2]))
        #expect(store.statistics.failed == ItemCounts(logs: 1))
    }

    @Test("Recent traces come newest first, each once, and are there again after a restart")
    func recentTraces() throws {
        let directory = TemporaryDirectory()
        let options = quick { $0.segmentBytes = 2 << 10 }
        let store = try SegmentStore.open(directory: directory.path, options: options)
        for trace in 0..<100 { _ = store.append(Samples.traces([UInt64(trace), 7])) }
        let newest = (90..<100).reversed().map { Samples.id(UInt64($0)) }
        let seen = store.recentTraces(limit: 200)
        #expect(seen.filter { $0 != Samples.id(7) }.prefix(10) == newest[...])
        #expect(Set(seen).count == 100 && seen.count == 100)
        #expect(store.recentTraces(limit: 0) == [])
        store.close()
        let again = try SegmentStore.open(directory: directory.path, options: options)
        defer { again.close() }
        #expect(again.recentTraces(limit: 200).filter { $0 != Samples.id(7) }.prefix(10) == newest[...])
    }

    @Test("Records can be read by kind and from a position on")
    func iterates() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 1 })
        defer { store.close() }
        for number in 0..<6 { _ = store.append(number % 2 == 0 ? Samples.metrics(number) : Samples.logs(number)) }
        var metrics: [StoredRecord] = []
        try store.forEachRecord(kind: .metrics) {
            metrics.append($0)
            return metrics.count < 2
        }
        #expect(metrics.map(\.body) == [Array(Samples.metrics(0).body), Array(Samples.metrics(2).body)])
        var rest: [[UInt8]] = []
        try store.forEachRecord(from: RecordPosition(segment: 5, frame: 0)) {
            rest.append($0.body)
            return true
        }
        #expect(rest == [Array(Samples.metrics(4).body), Array(Samples.logs(5).body)])
    }

    @Test("A body that is a part of what came is stored and found as that part")
    func bodyWithinBytes() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path)
        defer { store.close() }
        var record = Samples.traces([1])
        let body = Array(record.body)
        record.body = ([1, 2, 3, 4, 5] + body + [6])[5..<5 + body.count]
        #expect(store.append(record) == .success(.stored))
        store.waitUntilAnswered()
        #expect(try store.records().map(\.body) == [body])
        #expect(try store.trace(Samples.id(1)) == Samples.spans([1]))
    }
}
