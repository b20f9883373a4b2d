import Compression
import Files
import Glibc
import TraceModel

@testable import SegmentStore

/// A log of three frames, the same in each run, and what can be looked for in it.
enum Sample {
    static let salt: UInt64 = 0x1122_3344_5566_7788

    /// Of four traces; the first lies in each frame.
    static let log: [UInt8] = {
        let frames = [
            traces("pay", [span(of: 1, id: 1, kind: client), span(of: 2, id: 2, kind: server)], number: 1),
            traces("bank", [span(of: 1, id: 3, below: 1, kind: server), span(of: 3, id: 4, kind: server)], number: 2),
            traces("pay", [span(of: 1, id: 5, below: 1, kind: client), span(of: 4, id: 6, kind: client)], number: 4),
        ]
        var log = SegmentHeader(number: 1, salt: salt, created: 1).bytes
        for (ordinal, content) in frames.enumerated() {
            var header = FrameHeader(salt: salt, ordinal: UInt32(ordinal))
            header.records = 1
            header.spans = 2
            header.flags = FrameHeader.endsCommit
            header.firstReceivedAt = receivedAt
            header.lastReceivedAt = receivedAt
            log += frame(header, of: content)
        }
        return log
    }()

    static func id(_ number: UInt64) -> TraceID { TraceID(high: number &* 0xABCD, low: number) }

    /// What the log's spans can be found by.
    static let tokens: [UInt64] = Set(index.contents.flatMap(\.tokens).map { $0 & ~1 }).sorted()

    /// As a start finds it in the log.
    static let index: SegmentIndex = {
        let place = "/dev/shm/hms-fuzz-store-\(getpid())-sample"
        do throws(StorageFailure) {
            try makeDirectories(place)
            defer { remove(place) }
            try write(log, to: place + "/00000001.log")
            let quarantine = Quarantine(directory: "/dev/null", maxBytes: 0, storage: LocalStorage())
            let scan = LogScan(directory: place, quarantine: quarantine, log: { _ in })
            guard let scanned = try scan.scan(number: 1, onNew: { _ in }, eachRecord: { _, _ in }) else {
                preconditionFailure("the sample is no log")
            }
            return scanned.index
        } catch { preconditionFailure("\(error)") }
    }()

    /// The file that a store makes when it seals the log.
    static func sealedByStore() -> [UInt8] {
        let place = "/dev/shm/hms-fuzz-store-\(getpid())-sealed"
        var options = StoreOptions()
        options.sync = false
        // The log is as long already, so the start seals it.
        options.segmentBytes = 1
        do {
            try makeDirectories(place)
            defer { remove(place) }
            try write(log, to: place + "/00000001.log")
            let store = try SegmentStore.open(directory: place, options: options)
            store.waitUntilSealed()
            store.close()
            let damages = try StoreInspection(directory: place).check().damages
            precondition(damages.isEmpty, "the store's own files are damaged: \(damages)")
            let file = try ReadFile(place + "/00000001.idx")
            var bytes: [UInt8] = []
            try file.read(file.size(), at: 0, into: &bytes)
            return bytes
        } catch { preconditionFailure("\(error)") }
    }

    // MARK: - Files

    static func write(_ bytes: [UInt8], to path: String) throws(StorageFailure) {
        try LocalStorage().remove(path)
        let file = try LocalStorage().create(path)
        defer { file.close() }
        try file.write(bytes, at: 0)
    }

    private static func remove(_ place: String) {
        for name in (try? listDirectory(place)) ?? [] { unlink(place + "/" + name) }
        rmdir(place)
    }

    /// As the store writes it. `header` lacks the lengths.
    static func frame(_ header: FrameHeader, of content: [UInt8]) -> [UInt8] {
        var header = header
        var payload: [UInt8] = []
        var compressor = ZstdCompressor(level: 1)
        do throws(CompressionError) { try compressor.compress(content.span, into: &payload) } catch {
            preconditionFailure("\(error)")
        }
        header.storedLength = UInt32(payload.count)
        header.rawLength = UInt32(content.count)
        var frame = [UInt8](repeating: 0, count: FrameHeader.length) + payload
        frame.withUnsafeMutableBytes { header.write(into: $0) }
        return frame
    }

    // MARK: - Records and their OTLP

    private static let receivedAt: UInt64 = 1_700_000_001_000_000_000
    private static let (server, client): (UInt8, UInt8) = (2, 3)

    private static func traces(_ service: String, _ spans: [[UInt8]], number: UInt64) -> [UInt8] {
        let name = field(1, Array("service.name".utf8)) + field(2, field(1, Array(service.utf8)))
        let body = field(1, field(1, field(1, name)) + field(2, spans.flatMap { field(2, $0) }))
        var record: [UInt8] = [1, RecordHeader.hasSender, 0, 0]
        record.appendLittle(UInt32(body.count))
        record.appendLittle(UInt32(spans.count))
        record.appendLittle(number)
        record.appendLittle(receivedAt)
        record.appendLittle(7 as UInt64)
        record.appendLittle(8 as UInt64)
        return record + body
    }

    private static func span(of trace: UInt64, id number: UInt64, below parent: UInt64? = nil, kind: UInt8) -> [UInt8] {
        var span = field(1, id(trace).bytes) + field(2, bytes(number.bigEndian))
        if let parent { span += field(4, bytes(parent.bigEndian)) }
        span += field(5, Array("GET /\(trace)".utf8)) + [6 << 3, kind]
        span += [7 << 3 | 1] + bytes(1_700_000_000_000_000_000 + number)
        span += [8 << 3 | 1] + bytes(1_700_000_000_000_000_000 + number * 1000)
        // Every other one failed.
        return span + field(15, [3 << 3, number % 2 == 0 ? 2 : 1])
    }

    private static func bytes(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    private static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(content.count < 1 << 14, "two bytes of length are enough here")
        let (low, high) = (UInt8(content.count & 0x7F), UInt8(content.count >> 7))
        return [number << 3 | 2] + (high == 0 ? [low] : [low | 0x80, high]) + content
    }
}
