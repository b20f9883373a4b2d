import Files
import TraceModel

/// The layout of `NNNNNNNN.idx`, integers little endian. See docs/segment-format.md.
///
///     index  := header meta padding traces
///     header := 128 bytes, below
///     meta   := frame{frames} service{services} sender{senders} recent{recents}
///     frame  := offset:u64 stored:u32 raw:u32
///     service:= spans:u64 lastSeen:u64 length:u16 name
///     sender := id:16 bytes lastSeen:u64 ranges:u32 { first:u64 last:u64 }
///     recent := trace id: high:u64 low:u64
///     traces := start:u32{2^directoryBits + 1} { high:u64 low:u64 frame:u32 }{pairs}
enum IndexFile {
    static let magic = Array("HMSIDX\r\n".utf8)
    static let version: UInt32 = 1
    static let headerLength = 128
    static let frameLength = 16
    static let pairLength = 20

    /// What a segment's index file is made of.
    struct Content {
        var index: SegmentIndex
        var senders: [(SenderID, SenderWindows.Window)]
        /// The traces that appeared last, oldest first.
        var recent: [TraceID]
    }

    static func encode(_ content: borrowing Content) -> [UInt8] {
        let index = content.index
        var bytes = [UInt8](repeating: 0, count: headerLength)
        for frame in index.frames {
            bytes.appendLittle(frame.offset)
            bytes.appendLittle(frame.stored)
            bytes.appendLittle(frame.raw)
        }
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
        while bytes.count % 8 != 0 { bytes.append(0) }
        let traceOffset = bytes.count
        let bits = appendTraces(index.traces, to: &bytes)

        let summary = index.summary
        bytes.withUnsafeMutableBytes { bytes in
            for (offset, byte) in magic.enumerated() { bytes[offset] = byte }
            bytes.storeLittle(version, at: 8)
            bytes.storeLittle(summary.header.number, at: 12)
            bytes.storeLittle(summary.header.salt, at: 16)
            bytes.storeLittle(summary.header.created, at: 24)
            bytes.storeLittle(bits, at: 28)
            bytes.storeLittle(UInt64(summary.logEnd), at: 32)
            bytes.storeLittle(UInt32(index.frames.count), at: 40)
            bytes.storeLittle(UInt32(index.traces.pairCount), at: 44)
            bytes.storeLittle(UInt32(index.services.services.count), at: 48)
            bytes.storeLittle(UInt32(content.senders.count), at: 52)
            bytes.storeLittle(UInt32(content.recent.count), at: 56)
            bytes.storeLittle(checksum(UnsafeRawBufferPointer(rebasing: bytes[traceOffset...])), at: 60)
            bytes.storeLittle(summary.held.spans, at: 64)
            bytes.storeLittle(summary.held.points, at: 72)
            bytes.storeLittle(summary.held.logs, at: 80)
            bytes.storeLittle(summary.firstReceivedAt, at: 88)
            bytes.storeLittle(summary.lastReceivedAt, at: 96)
            bytes.storeLittle(UInt64(metaLength), at: 104)
            bytes.storeLittle(UInt64(traceOffset), at: 112)
            let head = checksum(UnsafeRawBufferPointer(rebasing: bytes[..<124]))
            bytes.storeLittle(
                checksum(UnsafeRawBufferPointer(rebasing: bytes[headerLength..<traceOffset]), continuing: head),
                at: 124)
        }
        return bytes
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
