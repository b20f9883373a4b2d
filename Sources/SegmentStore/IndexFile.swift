import CLinux
import Files
import TraceModel

/// The layout of `NNNNNNNN.idx`, integers little endian. See docs/segment-format.md.
///
///     index  := header meta padding traces tokens summary outlines
///     header := 224 bytes, below
///     meta   := frame{frames} spread{spreads} service{services} sender{senders} recent{recents}
///     frame  := offset:u64 stored:u32 raw:u32 spans:u32 0:u32 minStart:u64 maxStart:u64
///     spread := hash:u32, see `OutlineHash`
///     service:= spans:u64 lastSeen:u64 length:u16 name
///     sender := id:16 bytes lastSeen:u64 ranges:u32 { first:u64 last:u64 }
///     recent := trace id: high:u64 low:u64
///     traces := start:u32{2^bits + 1} { high:u64 low:u64 frame:u32 }{pairs}
///     tokens := see `TokenTable`
///     summary:= RED figures and edges, see docs/Summaries.md
///     outlines:= see `OutlineWriter`
enum IndexFile {
    static let magic = Array("HMSIDX\r\n".utf8)
    static let version: UInt32 = 2
    static let headerLength = 224
    static let frameLength = 40
    static let pairLength = 20

    /// A part of the file that is checked and read by itself. The header says where it is.
    struct Section: Equatable {
        var offset = 0
        var length = 0
        var checksum: UInt32 = 0
        /// Upper bits of hashes that its directory has entries for; 0 where it has none.
        var bits = 0

        enum Kind: Int, CaseIterable {
            case traces, tokens, summary, outlines
        }
        static let size = 24
        static func place(_ kind: Kind) -> Int { 120 + kind.rawValue * size }
    }

    /// What a segment's index file is made of.
    struct Content {
        var index: SegmentIndex
        var senders: [(SenderID, SenderWindows.Window)]
        /// The traces that appeared last, oldest first.
        var recent: [TraceID]
        /// Encoded; empty where it is not made.
        var summary: [UInt8] = []
        /// Empty where they are not made.
        var outlines: [UInt8] = []
        /// Hashes of the traces that earlier segments hold spans of; where there are outlines.
        var spread: [UInt32] = []
    }

    static func encode(_ content: borrowing Content) -> [UInt8] {
        let index = content.index
        var bytes = [UInt8](repeating: 0, count: headerLength)
        reserve(&bytes, content)
        for (ordinal, frame) in index.frames.enumerated() {
            let times = ordinal < index.contents.count ? index.contents[ordinal].times : FrameTimes()
            bytes.appendLittle(frame.offset)
            bytes.appendLittle(frame.stored)
            bytes.appendLittle(frame.raw)
            bytes.appendLittle(times.spans)
            bytes.appendLittle(0 as UInt32)
            bytes.appendLittle(times.minStart)
            bytes.appendLittle(times.maxStart)
        }
        for hash in content.spread { bytes.appendLittle(hash) }
        for (name, entry) in index.services.services {
            bytes.appendLittle(entry.spans)
            bytes.appendLittle(entry.lastSeen)
            bytes.appendLittle(UInt16(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        for (sender, window) in content.senders {
            bytes.appendLittle(sender.high)
            bytes.appendLittle(sender.low)
            bytes.appendLittle(window.lastSeen)
            bytes.appendLittle(UInt32(window.numbers.ranges.count))
            for range in window.numbers.ranges {
                bytes.appendLittle(range.first)
                bytes.appendLittle(range.last)
            }
        }
        for id in content.recent {
            bytes.appendLittle(id.high)
            bytes.appendLittle(id.low)
        }
        let metaLength = bytes.count - headerLength
        var sections: [(kind: Section.Kind, section: Section)] = []
        append(.traces, to: &bytes, &sections) { appendTraces(index.traces, to: &$0) }
        append(.tokens, to: &bytes, &sections) { TokenTable.append(index.contents, to: &$0) }
        append(.summary, to: &bytes, &sections) { bytes in
            bytes.append(contentsOf: content.summary)
            return 0
        }
        append(.outlines, to: &bytes, &sections) { bytes in
            bytes.append(contentsOf: content.outlines)
            return 0
        }

        let summary = index.summary
        bytes.withUnsafeMutableBytes { bytes in
            for (offset, byte) in magic.enumerated() { bytes[offset] = byte }
            bytes.storeLittle(version, at: 8)
            bytes.storeLittle(summary.header.number, at: 12)
            bytes.storeLittle(summary.header.salt, at: 16)
            bytes.storeLittle(summary.header.created, at: 24)
            bytes.storeLittle(UInt64(summary.logEnd), at: 32)
            bytes.storeLittle(UInt32(index.frames.count), at: 40)
            bytes.storeLittle(UInt32(index.traces.pairCount), at: 44)
            bytes.storeLittle(UInt32(index.services.services.count), at: 48)
            bytes.storeLittle(UInt32(content.senders.count), at: 52)
            bytes.storeLittle(UInt32(content.recent.count), at: 56)
            bytes.storeLittle(UInt32(content.spread.count), at: 60)
            bytes.storeLittle(summary.held.spans, at: 64)
            bytes.storeLittle(summary.held.points, at: 72)
            bytes.storeLittle(summary.held.logs, at: 80)
            bytes.storeLittle(summary.firstReceivedAt, at: 88)
            bytes.storeLittle(summary.lastReceivedAt, at: 96)
            bytes.storeLittle(UInt64(metaLength), at: 104)
            for (kind, section) in sections {
                let place = Section.place(kind)
                bytes.storeLittle(UInt64(section.offset), at: place)
                bytes.storeLittle(UInt64(section.length), at: place + 8)
                bytes.storeLittle(section.checksum, at: place + 16)
                bytes.storeLittle(UInt32(section.bits), at: place + 20)
            }
            let head = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<checksumPlace]))
            let meta = UnsafeRawBufferPointer(rebasing: bytes[headerLength..<headerLength + metaLength])
            bytes.storeLittle(checksum(meta, continuing: head), at: checksumPlace)
        }
        return bytes
    }

    static let checksumPlace = 220

    /// About what it takes, as growing would copy megabytes.
    private static func reserve(_ bytes: inout [UInt8], _ content: borrowing Content) {
        let index = content.index
        let expected =
            index.frames.count * frameLength + index.traces.pairCount * 22 + index.tokenCount * 9
            + content.summary.count + content.outlines.count + (1 << 20)
        bytes.reserveCapacity(expected)
        bytes.withUnsafeMutableBytes { hms_prefer_huge_pages($0.baseAddress, UInt(expected)) }
    }

    private static func append(
        _ kind: Section.Kind, to bytes: inout [UInt8], _ sections: inout [(kind: Section.Kind, section: Section)],
        _ write: (inout [UInt8]) -> UInt32
    ) {
        while bytes.count % 8 != 0 { bytes.append(0) }
        var section = Section(offset: bytes.count)
        section.bits = Int(write(&bytes))
        section.length = bytes.count - section.offset
        section.checksum = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[section.offset...])) }
        sections.append((kind, section))
    }

    /// Writes the pairs in the order of their hash's upper bits, with a directory of where each value of those begins:
    /// two passes and no comparisons. Returns the number of bits.
    private static func appendTraces(_ traces: TraceTable, to bytes: inout [UInt8]) -> UInt32 {
        let pairs = traces.pairCount
        var bits = 0
        while bits < 24, pairs >> bits > 4 { bits += 1 }
        var starts = [UInt32](repeating: 0, count: (1 << bits) + 1)
        var buckets: [UInt32] = []
        buckets.reserveCapacity(traces.entries.count)
        for entry in traces.entries {
            let bucket = TraceHash.bucket(traces.hash(entry.id), bits: bits)
            buckets.append(UInt32(bucket))
            traces.forEachFrame(of: entry) { _ in starts[bucket + 1] += 1 }
        }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        for start in starts { bytes.appendLittle(start) }
        let table = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: pairs * pairLength))
        bytes.withUnsafeMutableBytes { bytes in
            for (entry, bucket) in zip(traces.entries, buckets) {
                traces.forEachFrame(of: entry) { frame in
                    let offset = table + Int(starts[Int(bucket)]) * pairLength
                    starts[Int(bucket)] += 1
                    bytes.storeLittle(entry.id.high, at: offset)
                    bytes.storeLittle(entry.id.low, at: offset + 8)
                    bytes.storeLittle(frame, at: offset + 16)
                }
            }
        }
        return UInt32(bits)
    }
}

extension TraceHash {
    static func bucket(_ hash: UInt64, bits: Int) -> Int {
        bits == 0 ? 0 : Int(truncatingIfNeeded: hash >> UInt64(64 - bits))
    }
}
