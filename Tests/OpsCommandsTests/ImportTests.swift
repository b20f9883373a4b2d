import Compression
import OTLP
import OTLPDelivery
import OTLPFiles
import OpsCommands
import StorageTesting
import Testing
import TraceModel
import WireFormat

@Suite("Import") struct ImportTests {
    private let directory = TemporaryDirectory()

    private func spans(_ first: Int, _ count: Int) -> [UInt8] {
        OTLPSpanWriter.encode(
            (first..<first + count).map {
                SpanValue(
                    traceID: TraceID(high: 1, low: 1), spanID: SpanID(value: UInt64($0 + 1)),
                    name: String(repeating: "n", count: 200))
            })
    }

    private func batches(_ records: [OTLPFileRecord], faults: @escaping (OTLPFileError) -> Void = { _ in })
        -> [BatchCourier.Batch]
    {
        var rest = records[...]
        let batches = ImportBatches(path: "f", onFault: faults) { () throws(OTLPFileError) in rest.popFirst() }
        var found: [BatchCourier.Batch] = []
        while let batch = batches.nextBatch() { found.append(batch) }
        return found
    }

    private func record(_ message: [UInt8], _ kind: SignalKind = .traces, line: Int = 1) -> OTLPFileRecord {
        OTLPFileRecord(kind: kind, message: message, place: .line(line))
    }

    @Test("Small requests share a batch, large ones are cut, and every span is in one, in its order")
    func cutsAndJoins() throws {
        let records = [
            record(spans(0, 10)), record(spans(10, 20)), record(spans(30, 12_000)), record(spans(12_030, 5)),
        ]
        let batches = batches(records)
        #expect(batches.map(\.sequence) == Array(1...UInt64(batches.count)))
        #expect(batches.allSatisfy { $0.message.count <= ImportBatches.batchBytes + 100 })
        let ids = try batches.flatMap { try decodeSpans($0.message) }.map { Int($0.spanID.value) }
        #expect(ids == Array(1...12_035))
        #expect(batches.reduce(0) { $0 + $1.items } == 12_035)
        #expect(batches[0].items == 30)
        #expect(self.batches(records).map(\.message) == batches.map(\.message))
    }

    @Test("A change of signal ends a batch")
    func signals() {
        let log: [UInt8] = [0x0A, 4, 0x12, 2, 0x12, 0]
        let batches = batches([record(spans(0, 1)), record(log, .logs), record(log, .logs), record(spans(1, 1))])
        #expect(batches.map(\.kind) == [.traces, .logs, .traces])
        #expect(batches.map(\.items) == [1, 2, 1])
    }

    @Test("A malformed request is told with its place, and nothing of it is sent")
    func malformed() {
        var told: [String] = []
        let batches = batches([record([0x0A, 5, 1], line: 7), record(spans(0, 2))]) { told.append("\($0)") }
        #expect(told == ["f:7: the message is not OTLP: resource_spans at byte 1: needs 5 bytes, 1 left"])
        #expect(batches.map(\.items) == [2])
    }

    @Test("The sender follows from the content alone: not from name or packing, but from every byte of it")
    func identity() throws {
        let content = spans(0, 20_000)
        for (name, encoding) in [("a", "identity"), ("b.gz", "gzip"), ("c.zst", "zstd")] {
            #expect(OTLPFileWriter.encoding(of: name).rawValue == encoding)
            let writer = try OTLPFileWriter(
                directory.path + "/" + name, format: .protobuf, encoding: OTLPFileWriter.encoding(of: name))
            try writer.append(content, .traces)
            _ = try writer.flush()
        }
        let identities = try ["a", "b.gz", "c.zst"].map {
            try FileIdentity(of: ByteSource(directory.path + "/" + $0), cut: "x").sender
        }
        #expect(Set(identities).count == 1)
        #expect(identities[0].count == 36)
        #expect(identities[0].split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        directory.change("a") { $0[$0.count - 1] ^= 1 }
        #expect(try FileIdentity(of: ByteSource(directory.path + "/a"), cut: "x").sender != identities[0])
        #expect(try FileIdentity(of: ByteSource(directory.path + "/b.gz"), cut: "y").sender != identities[0])
        #expect(FileIdentity.random() != FileIdentity.random())
    }

    @Test("The exit code tells whether all of it was taken")
    func exitCodes() {
        let batch = BatchCourier.Batch(kind: .traces, message: [], items: 5, sequence: 1)
        var report = ImportReport()
        report.count(batch, .delivered(rejected: 0))
        #expect(report.exitCode == .success)
        report.count(batch, .delivered(rejected: 2))
        #expect(report.exitCode == .negative)
        #expect(report.items[.traces] == ImportReport.Items(taken: 8, rejected: 2, refused: 0))
        report.count(batch, .gaveUp(reason: "away"))
        #expect(report.exitCode == .failure)
        var faulty = ImportReport()
        faulty.faults = 1
        #expect(faulty.exitCode == .negative)
    }
}
