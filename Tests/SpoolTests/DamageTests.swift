import EventLoop
import Files
import Glibc
import Testing
import WireFormat

@testable import Spool

@Suite struct DamageTests {
    private static let key = LaneKey(door: "tcp", kind: .traces, collector: "c:1")

    private static func newDirectory() -> String {
        var template = Array("/tmp/hms-spool-XXXXXX".utf8CString)
        return template.withUnsafeMutableBufferPointer { buffer in
            // mkdtemp writes into the buffer it is given and returns it, or nil when /tmp is not writable.
            String(cString: mkdtemp(buffer.baseAddress!)!)
        }
    }

    private static func removeTree(_ path: String) {
        for name in (try? listDirectory(path)) ?? [] where unlink("\(path)/\(name)") != 0 {
            removeTree("\(path)/\(name)")
        }
        rmdir(path)
    }

    private static func open(_ directory: String) throws -> (Spool, [RecoveredLane]) {
        var options = SpoolOptions(directory: directory)
        options.batchBytes = 40
        return try Spool.open(options, keys: [key]) { _ in }
    }

    /// Three messages of 1, 2 and 3 items, each a batch of its own; returns the segment file.
    private static func fill(_ directory: String) throws -> String {
        let (spool, _) = try open(directory)
        let loop = try EventLoop()
        let lane = try Lane(key, in: spool, recovered: nil, loop: loop, sync: try SpoolSync(spool)) { _ in }
        for (index, letter) in ["a", "b", "c"].enumerated() {
            let bytes = Array(String(repeating: letter, count: 40).utf8)
            let room = try #require(lane.makeRoom(message: bytes.count, note: 0))
            lane.append(bytes.span, items: index + 1, in: room) { _ in }
        }
        lane.flush()
        return lane.account.currentSegments[0].path
    }

    /// What an undamaged reader makes of the directory: the texts that are left, and the figures.
    private static func recover(_ directory: String) throws -> (texts: [String], figures: LaneAccount.Figures?) {
        let (spool, lanes) = try open(directory)
        let reader = BatchReader(spool)
        var texts: [String] = []
        var bytes: [UInt8] = []
        for batch in lanes.flatMap({ $0.takeBatches() }) {
            let content = try reader.read(batch, into: &bytes)
            texts.append(String(decoding: bytes, as: UTF8.self))
            var outcome = LaneAccount.Outcome()
            outcome.forwarded = content.items
            if batch.items > content.items { outcome.dropped[.damaged] = batch.items - content.items }
            #expect(batch.lane.settle(batch, outcome) == nil)
        }
        return (texts, lanes.first?.account.figures)
    }

    @Test("A spool that nothing happened to gives back every message, and counts nothing as lost")
    func intact() throws {
        let directory = Self.newDirectory()
        defer { Self.removeTree(directory) }
        _ = try Self.fill(directory)
        let (texts, figures) = try Self.recover(directory)
        #expect(texts.map { $0.prefix(1) } == ["a", "b", "c"])
        #expect(figures?.accepted == 6)
        #expect(figures?.settled.forwarded == 6)
        #expect(figures?.spooled == 0)
    }

    @Test("A segment cut off at any byte loses what is cut off, counts it exactly, and gives the rest")
    func tornAnywhere() throws {
        let original = Self.newDirectory()
        defer { Self.removeTree(original) }
        let path = try Self.fill(original)
        let size = try ReadFile(path).size()
        for end in stride(from: SegmentHeader.length, through: size, by: 1) {
            let directory = try Self.copy(original)
            defer { Self.removeTree(directory) }
            let file = directory + path.dropFirst(original.utf8.count)
            #expect(truncate(file, off_t(end)) == 0)
            let (texts, figures) = try Self.recover(directory)
            let whole = (end - SegmentHeader.length) / (RecordHeader.length + 40)
            #expect(texts.count == whole, "cut at \(end)")
            let items: UInt64 = [0, 1, 3, 6][whole]
            #expect(figures?.accepted == 6, "cut at \(end)")
            #expect(figures?.settled.forwarded == items, "cut at \(end)")
            #expect(figures?.settled.dropped(.damaged) == 6 - items, "cut at \(end)")
        }
    }

    @Test("A flipped bit at any byte of a segment is noticed: whatever is given back is what was written")
    func flippedAnywhere() throws {
        let original = Self.newDirectory()
        defer { Self.removeTree(original) }
        let path = try Self.fill(original)
        var bytes: [UInt8] = []
        try ReadFile(path).read(1 << 20, at: 0, into: &bytes)
        let good: Set<String> = Set(["a", "b", "c"].map { String(repeating: $0, count: 40) } + [""])
        for offset in bytes.indices {
            let directory = try Self.copy(original)
            defer { Self.removeTree(directory) }
            let file = directory + path.dropFirst(original.utf8.count)
            let handle = try LocalStorage().openForWriting(file)
            try handle.write([bytes[offset] ^ 0x10], at: offset)
            handle.close()
            let (texts, figures) = try Self.recover(directory)
            #expect(texts.allSatisfy { good.contains($0) }, "flip at \(offset): \(texts)")
            #expect(Set(texts).count == texts.count, "flip at \(offset): \(texts)")
            let found = figures.map { $0.settled.forwarded + $0.settled.dropped(.damaged) }
            #expect(found == 6, "flip at \(offset)")
            #expect(figures?.accepted == 6, "flip at \(offset)")
        }
    }

    @Test(
        "Records that stand a second time at the end of their segment are set aside, and counted once", arguments: 0...2
    )
    func repeatedRecord(_ record: Int) throws {
        let directory = Self.newDirectory()
        defer { Self.removeTree(directory) }
        let path = try Self.fill(directory)
        let length = RecordHeader.length + 40
        var bytes: [UInt8] = []
        try ReadFile(path).read(length, at: SegmentHeader.length + record * length, into: &bytes)
        let file = try LocalStorage().openForWriting(path)
        try file.write(bytes, at: try ReadFile(path).size())
        file.close()
        let (texts, figures) = try Self.recover(directory)
        #expect(texts.map { $0.prefix(1) } == ["a", "b", "c"])
        #expect(figures?.accepted == 6)
        #expect(figures?.settled.forwarded == 6)
        #expect(figures?.settled.dropped == 0)
        #expect(try listDirectory(directory + "/quarantine").count == 1)
    }

    private static func copy(_ original: String) throws -> String {
        let target = newDirectory()
        try copyTree(original, target)
        return target
    }

    private static func copyTree(_ from: String, _ to: String) throws {
        for name in try listDirectory(from) where name != "lock" {
            let (source, target) = ("\(from)/\(name)", "\(to)/\(name)")
            var status = stat()
            guard stat(source, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                mkdir(target, 0o750)
                try copyTree(source, target)
                continue
            }
            var bytes: [UInt8] = []
            try ReadFile(source).read(1 << 20, at: 0, into: &bytes)
            let file = try LocalStorage().create(target)
            try file.write(bytes, at: 0)
            file.close()
        }
    }
}
