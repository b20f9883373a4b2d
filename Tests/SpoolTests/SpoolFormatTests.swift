import Files
import Testing
import WireFormat

@testable import Spool

@Suite struct SpoolFormatTests {
    private let segment = SegmentHeader(
        number: 7, sender: SenderID(high: 0x0123_4567_89AB_4DEF, low: 0x8123_4567_89AB_CDEF),
        salt: 0xDEAD_BEEF_0BAD_CAFE,
        totalBefore: 1_000_000, firstBatch: 42)

    @Test(
        "A segment's header reads back as it was written, survives any flipped bit, and damage to both copies makes it none"
    )
    func segmentHeader() {
        let bytes = segment.bytes
        #expect(bytes.count == 160)
        #expect(SegmentHeader(bytes) == segment)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(SegmentHeader(damaged) == segment, "bit \(bit)")
            damaged[(bit / 8 + 80) % 160] ^= 1
            #expect(SegmentHeader(damaged) == nil, "bit \(bit)")
        }
        for length in 0..<80 { #expect(SegmentHeader(Array(bytes.prefix(length))) == nil) }
    }

    private func recordBytes(salt: UInt64) -> (RecordHeader, [UInt8]) {
        var header = RecordHeader(
            messageLength: 1000, noteLength: 48, items: 12, sampled: 3, digest: 0x1122_3344_5566_7788)
        (header.batch, header.total) = (9, 1_000_015)
        var bytes = [UInt8](repeating: 0, count: RecordHeader.length)
        bytes.withUnsafeMutableBytes { header.store(into: $0, at: 0, salt: salt) }
        return (header, bytes)
    }

    private func read(_ bytes: [UInt8], salt: UInt64) -> RecordHeader? {
        bytes.withUnsafeBytes { RecordHeader($0, at: 0, salt: salt) }
    }

    @Test("A record's header reads back as it was written, and any flipped bit, or another file's salt, makes it none")
    func recordHeader() {
        let (header, bytes) = recordBytes(salt: segment.salt)
        #expect(read(bytes, salt: segment.salt) == header)
        #expect(read(bytes, salt: segment.salt + 1) == nil)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(read(damaged, salt: segment.salt) == nil, "bit \(bit)")
        }
    }

    @Test("What became of batches reads back as it was written, and any flipped bit makes it none")
    func settledSlot() throws {
        var state = SettledState()
        state.settle(1, oldestUnsettled: 2)
        state.settle(4, oldestUnsettled: 2)
        (state.forwarded, state.moved, state.floor) = (100, 20, 77)
        for (index, reason) in DropReason.allCases.enumerated() { state.drop(UInt64(index) + 1, reason) }
        let bytes = state.slot(generation: 5, sender: segment.sender)
        #expect(bytes.count == 512)
        let read = try #require(SettledState.read(bytes, at: 0))
        #expect(read.state == state && read.generation == 5 && read.sender == segment.sender)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(SettledState.read(damaged, at: 0) == nil, "bit \(bit)")
        }
    }

    @Test("Batches may be settled in any order within the window, and the oldest that is not settled moves it")
    func settledWindow() {
        var state = SettledState()
        for batch: UInt64 in [3, 2, 64] { state.settle(batch, oldestUnsettled: 1) }
        #expect([1, 2, 3, 4, 63, 64, 65].map { state.contains($0) } == [false, true, true, false, false, true, false])
        #expect(state.highest == 64)
        state.settle(1, oldestUnsettled: 4)
        #expect(state.through == 3)
        #expect([3, 4, 64].map { state.contains($0) } == [true, false, true])
        state.settle(4, oldestUnsettled: 1_000)
        #expect(state.through == 999 && !state.contains(1_000) && state.highest == 999)
    }

    @Test("A body's digest changes with every bit and with the length, zeros included")
    func digest() {
        let body = (0..<61).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
        func digest(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { BodyDigest.of($0) } }
        var seen: Set = [digest(body)]
        for bit in 0..<body.count * 8 {
            var damaged = body
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(seen.insert(digest(damaged)).inserted, "bit \(bit)")
        }
        for length in 0..<body.count { #expect(seen.insert(digest(Array(body.prefix(length)))).inserted) }
        for length in 1..<64 { #expect(seen.insert(digest([UInt8](repeating: 0, count: length))).inserted) }
    }

    @Test("A digest made of pieces is that of the whole")
    func digestOfPieces() {
        let body = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
        for length in 0...300 {
            let whole = body.prefix(length).withUnsafeBytes { BodyDigest.of($0) }
            for pieceLength in [1, 7, 63, 64, 65, 300] {
                var digest = BodyDigest(length: length)
                for start in stride(from: 0, to: length, by: pieceLength) {
                    body[start..<min(start + pieceLength, length)].withUnsafeBytes { digest.add($0) }
                }
                #expect(digest.finish() == whole, "\(length) bytes in pieces of \(pieceLength)")
            }
        }
    }

    @Test("A sender's name is a version 4 UUID, and each is another")
    func senders() {
        let names = (0..<100).map { _ in SenderID.random().description }
        #expect(Set(names).count == 100)
        for name in names {
            #expect(name.count == 36)
            #expect(name.dropFirst(14).first == "4")
            #expect("89ab".contains(name.dropFirst(19).first ?? "x"))
        }
    }

    @Test("Lanes whose collectors look alike as file names have directories of their own")
    func directoryNames() {
        func name(_ collector: String) -> String {
            LaneKey(door: "udp", kind: .logs, collector: collector).directoryName
        }
        #expect(name("[::1]:4317").hasPrefix("udp-logs-___1__4317-"))
        #expect(name("a:1") != name("a_1"))
        #expect(LaneRecovery.key(ofDirectory: name("a:1"))?.kind == .logs)
        for other in ["quarantine", "refused", "counters", "tcp-spans-x", "tcp-traces"] {
            #expect(LaneRecovery.key(ofDirectory: other) == nil)
        }
    }
}
