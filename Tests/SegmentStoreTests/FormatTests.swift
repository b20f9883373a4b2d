import Files
import StorageTesting
import Testing
import TraceModel
import WireFormat

@testable import SegmentStore

/// The bytes of docs/segment-format.md: a change here is a new version of the format.
@Suite struct FormatTests {
    @Test("A log's header has its fields where the grammar says")
    func segmentHeader() {
        let header = SegmentHeader(number: 0x01020304, salt: 0x1112_1314_1516_1718, created: 0x21222324)
        let expected: [UInt8] = [
            0x48, 0x4D, 0x53, 0x4C, 0x4F, 0x47, 0x0D, 0x0A, 1, 0, 0, 0, 4, 3, 2, 1,
            0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21,
        ]
        #expect(header.bytes.prefix(28) == expected[...])
        #expect(header.bytes.count == 32)
        #expect(SegmentHeader(header.bytes) == header)
        for offset in 0..<32 {
            var damaged = header.bytes
            damaged[offset] ^= 1
            #expect(SegmentHeader(damaged) == nil)
        }
        #expect(SegmentHeader(Array(header.bytes.prefix(31))) == nil)
    }

    @Test("The checksum is CRC-32C")
    func checksumValue() {
        #expect(Array("123456789".utf8).withUnsafeBytes { checksum($0) } == 0xE306_9283)
        let (first, second) = (Array("1234".utf8), Array("56789".utf8))
        let part = first.withUnsafeBytes { checksum($0) }
        #expect(second.withUnsafeBytes { checksum($0, continuing: part) } == 0xE306_9283)
    }

    @Test("A frame has its fields where the grammar says, and any flipped bit in it is found")
    func frame() throws {
        var builder = FrameBuilder(frameBytes: 1 << 20, level: 1)
        builder.begin(salt: 0x0102_0304_0506_0708, ordinal: 9, fileOffset: 100, content: 1 << 20)
        let sender = SenderID(high: 0xAAAA, low: 0xBBBB)
        #expect(try builder.append(Samples.traces([1], sender: sender, sequence: 77, receivedAt: 500)) == 9)
        #expect(try builder.append(Samples.logs(1, receivedAt: 400)) == 9)
        try builder.finish()
        let bytes = builder.bytes
        #expect(bytes.prefix(4) == Array("HMSF".utf8)[...])
        #expect(bytes.loadLittle(at: 8, as: UInt64.self) == 0x0102_0304_0506_0708)
        let fields = stride(from: 16, to: 48, by: 4).map { bytes.loadLittle(at: $0, as: UInt32.self) }
        let raw = UInt32(2 * 44 + Samples.spans([1]).count + Samples.logs(1).body.count)
        #expect(fields == [UInt32(bytes.count - 64), raw, 2, 9, 2, 0, 1, 1])
        #expect(bytes.loadLittle(at: 48, as: UInt64.self) == 400)
        #expect(bytes.loadLittle(at: 56, as: UInt64.self) == 500)
        #expect(builder.frames == [FrameRef(offset: 100, stored: fields[0], raw: raw)])
        #expect(bytes.withUnsafeBytes(FrameHeader.isIntact))
        for offset in 4..<bytes.count {
            var damaged = bytes
            damaged[offset] ^= 0x20
            #expect(!damaged.withUnsafeBytes(FrameHeader.isIntact))
        }
    }

    @Test(
        "A commit is dealt out to frames of about the same size, of which none is half as large again as a frame",
        arguments: [
            // Records, bytes of each with its header, and how many go into which frame.
            (1, 100, [1]), (11, 100, [11]), (14, 100, [14]), (15, 100, [8, 7]), (24, 100, [12, 12]),
            (25, 100, [8, 9, 8]), (3, 1000, [1, 1, 1]), (3, 5000, [1, 1, 1]), (4, 700, [1, 2, 1]),
        ] as [(Int, Int, [Int])])
    func frameSizes(records: Int, bytes: Int, expected: [Int]) throws {
        var builder = FrameBuilder(frameBytes: 1000, level: 1)
        builder.begin(salt: 1, ordinal: 5, fileOffset: 0, content: records * bytes)
        var counts: [UInt32: Int] = [:]
        for _ in 0..<records {
            let body = [UInt8](repeating: 7, count: bytes - RecordHeader.length)
            let record = IngestRecord(kind: .logs, receivedAt: 1, body: body, items: 1)
            counts[try builder.append(record), default: 0] += 1
        }
        try builder.finish()
        #expect(counts.sorted { $0.key < $1.key }.map(\.value) == expected)
        #expect(builder.headers.map { Int($0.records) } == expected)
        #expect(builder.headers.map(\.ordinal) == (5..<5 + UInt32(expected.count)).map { $0 })
    }

    @Test("A record's header has its fields where the grammar says")
    func recordHeader() {
        let sender = SenderID(high: 0x0A, low: 0x0B)
        let record = IngestRecord(
            kind: .metrics, sender: sender, sequence: 3, receivedAt: 4, body: [1, 2, 3, 4, 5], items: 6)
        var raw: [UInt8] = []
        RecordHeader(record).append(to: &raw)
        let expected: [UInt8] =
            [2, 1, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]
            + [0x0A, 0, 0, 0, 0, 0, 0, 0, 0x0B, 0, 0, 0, 0, 0, 0, 0]
        #expect(raw == expected)
        raw += record.body
        var seen: [(RecordHeader, [UInt8])] = []
        let isWhole = raw.withUnsafeBytes { bytes in
            walkRecords(in: bytes) { header, body in
                seen.append((header, Array(body)))
                return true
            }
        }
        #expect(isWhole)
        #expect(seen.map(\.0.kind) == [.metrics])
        #expect(seen.map(\.0.sender) == [sender])
        #expect(seen.map(\.1) == [Array(record.body)])
        // Cut anywhere, it is not read past its end.
        for length in 1..<raw.count {
            #expect(
                !raw.withUnsafeBytes {
                    walkRecords(in: UnsafeRawBufferPointer(rebasing: $0[..<length])) { _, _ in true }
                })
        }
    }

    @Test("An index file gives back the frames of every trace, the services, senders and recent traces")
    func indexFile() throws {
        let directory = TemporaryDirectory()
        var index = SegmentIndex(header: SegmentHeader(number: 3, salt: 99, created: 1))
        var expected: [UInt64: [UInt32]] = [:]
        for frame in UInt32(0)..<50 {
            var header = FrameHeader(salt: 99, ordinal: frame)
            header.records = 1
            header.spans = 4
            header.firstReceivedAt = UInt64(frame) + 10
            header.lastReceivedAt = UInt64(frame) + 20
            header.storedLength = 100
            index.append(FrameRef(offset: UInt64(32 + frame * 164), stored: 100, raw: 400), header)
            let traces = (0..<40).map { UInt64(frame) * 20 + $0 }
            for trace in traces { expected[trace, default: []].append(frame) }
            index.insert(
                .traces, runs: traces.map { TraceRun(traceID: Samples.id($0), spans: 1) },
                services: [ServiceCount(name: "s\(frame % 3)", spans: 40)], at: UInt64(frame), frame: frame,
                onNew: { _ in })
        }
        for (trace, frames) in expected { #expect(index.traces.frames(of: Samples.id(trace)) == frames) }
        var window = SenderWindows.Window()
        for number in [1, 2, 5] as [UInt64] { window.numbers.insert(number, maxRanges: 8) }
        window.lastSeen = 88
        let bytes = IndexFile.encode(
            IndexFile.Content(
                index: index, senders: [(SenderID(high: 1, low: 2), window)], recent: [Samples.id(1), Samples.id(2)]))
        directory.write(bytes, to: "x.idx")
        let sealed = try SealedIndex(path: directory.path + "/x.idx", number: 3)
        #expect(sealed.areTablesIntact())
        #expect(sealed.summary == index.summary)
        #expect(sealed.services.services == index.services.services)
        for (trace, frames) in expected { #expect(sealed.frames(of: Samples.id(trace)) == frames) }
        for trace in UInt64(5000)..<6000 { #expect(sealed.frames(of: Samples.id(trace)) == []) }
        #expect((0..<50).map { sealed.frame($0) } == index.frames)
        let snapshot = sealed.snapshot()
        #expect(snapshot.recent == [Samples.id(1), Samples.id(2)])
        #expect(snapshot.senders.map(\.0) == [SenderID(high: 1, low: 2)])
        #expect(snapshot.senders.map(\.1) == [window])
        #expect(throws: SealedIndex.Refusal.self) { try SealedIndex(path: directory.path + "/x.idx", number: 4) }
    }

    @Test("Service names beyond the bound are counted together, and long ones are shortened at a whole character")
    func serviceBounds() {
        var catalogue = ServiceCatalogue()
        for number in 0..<5000 { catalogue.add("service \(number)", spans: 2, at: UInt64(number)) }
        #expect(catalogue.services.count == ServiceCatalogue.maxServices + 1)
        #expect(catalogue.services[ServiceCatalogue.overflowName] == .init(spans: 2 * 904, lastSeen: 4999))
        var long = ServiceCatalogue()
        long.add(String(repeating: "ä", count: 200) + "b", spans: 1, at: 1)
        long.add("x" + String(repeating: "ä", count: 200), spans: 1, at: 1)
        #expect(long.services.keys.map { $0.utf8.count }.sorted() == [255, 256])
    }
}
