import CLinux
import Files

/// The section of an index file that tells which frames hold spans with a token, integers little endian:
///
///     tokens    := start:u32{2^bits + 1} entry*          start[b]: where the entries of bucket b begin, behind the directory
///     entry     := fingerprint:u32 head:varint list?     the 32 bits of the token behind the upper `bits`
///     head      := frame * 4 + all * 2                   in one frame alone
///               |  length * 2 + 1                        a list of that many bytes follows
///     list      := (delta * 2 + all):varint +            delta: distance to the frame before, the first from 0
///
/// `all` is 1 when each span of the frame has the token. Entries of a bucket stand in no order.
enum TokenTable {
    static let maximumBits = 22

    static func bucket(_ token: UInt64, bits: Int) -> Int {
        bits == 0 ? 0 : Int(truncatingIfNeeded: token >> UInt64(64 - bits))
    }

    static func fingerprint(_ token: UInt64, bits: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: (token << UInt64(bits)) >> 32)
    }

    /// Appends the section; returns its bits. The pairs are dealt out twice, first to parts that fit the processor's cache and
    /// there to buckets, so that no memory is gone through at random.
    static func append(_ contents: [FrameContent], to bytes: inout [UInt8]) -> UInt32 {
        let pairs = contents.reduce(0) { $0 + $1.tokens.count }
        var bits = 0
        while bits < maximumBits, pairs >> bits > 8 { bits += 1 }
        var partBits = 0
        while partBits < bits, pairs >> partBits > pairsInPart { partBits += 1 }
        let (dealt, starts) = deal(contents, pairs, partBits)
        defer { dealt.deallocate() }

        let directory = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: ((1 << bits) + 1) * 4))
        let entries = bytes.count
        var part = TokenTablePart(bits: bits, partBits: partBits)
        for number in 0..<1 << partBits {
            let pairs = UnsafeBufferPointer(rebasing: dealt[starts[number]..<starts[number + 1]])
            part.write(pairs, at: bytes.count - entries)
            bytes.append(contentsOf: part.bytes)
            let place = directory + number * part.starts.count * 4
            for (bucket, start) in part.starts.enumerated() { bytes.storeLittle(start, at: place + bucket * 4) }
        }
        bytes.storeLittle(UInt32(bytes.count - entries), at: directory + (1 << bits) * 4)
        return UInt32(bits)
    }

    struct Pair: BitwiseCopyable {
        var token: UInt64
        var frame: UInt32
    }
    private static let pairsInPart = 8192

    /// The pairs of all frames by the upper bits of their tokens, those of one part in the order of frames.
    private static func deal(
        _ contents: [FrameContent], _ pairs: Int, _ bits: Int
    ) -> (pairs: UnsafeMutableBufferPointer<Pair>, starts: [Int]) {
        var starts = [Int](repeating: 0, count: (1 << bits) + 1)
        for content in contents { for token in content.tokens { starts[bucket(token, bits: bits) + 1] += 1 } }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        let dealt = UnsafeMutableBufferPointer<Pair>.allocate(capacity: pairs)
        hms_prefer_huge_pages(dealt.baseAddress, UInt(pairs * MemoryLayout<Pair>.stride))
        var next = starts
        next.withUnsafeMutableBufferPointer { next in
            for (frame, content) in contents.enumerated() {
                for token in content.tokens {
                    let bucket = bucket(token, bits: bits)
                    dealt.initializeElement(at: next[bucket], to: Pair(token: token, frame: UInt32(frame)))
                    next[bucket] &+= 1
                }
            }
        }
        return (dealt, starts)
    }

    /// Marks the frames with spans that have the token. `table` may be damaged: nothing outside it is read, and frames that
    /// cannot be are left out.
    static func find(
        _ token: UInt64, in table: UnsafeRawBufferPointer, bits: Int, marking some: inout FrameSet,
        _ all: inout FrameSet
    ) {
        let directory = ((1 << bits) + 1) * 4
        let bucket = bucket(token, bits: bits) * 4
        guard table.count >= directory else { return }
        var position = directory + Int(table.loadLittle(at: bucket, as: UInt32.self))
        let end = min(table.count, directory + Int(table.loadLittle(at: bucket + 4, as: UInt32.self)))
        let wanted = fingerprint(token, bits: bits)
        while position + 5 <= end {
            let isWanted = table.loadLittle(at: position, as: UInt32.self) == wanted
            position += 4
            guard let head = readVarint(table, &position, end) else { return }
            if head & 1 == 0 {
                if isWanted { mark(head >> 2, head & 2 != 0, &some, &all) }
                continue
            }
            let length = Int(head >> 1)
            guard length <= end - position else { return }
            if isWanted {
                var index = position
                var frame: UInt32 = 0
                while index < position + length {
                    guard let step = readVarint(table, &index, position + length) else { return }
                    frame &+= step >> 1
                    mark(frame, step & 1 != 0, &some, &all)
                }
            }
            position += length
        }
    }

    private static func mark(_ frame: UInt32, _ isAll: Bool, _ some: inout FrameSet, _ all: inout FrameSet) {
        some.insert(Int(frame))
        if isAll { all.insert(Int(frame)) }
    }

    /// Bits beyond the 32nd are cut, as nobody writes them.
    private static func readVarint(_ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ end: Int) -> UInt32? {
        bytes.loadVarint(at: &position, before: end, bits: 32).map { UInt32(truncatingIfNeeded: $0) }
    }
}
