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

    /// Appends the section; returns its bits. Tokens of a frame are in order, so the pairs of neighbouring buckets are gathered
    /// from all frames a part at a time, as many as fit the processor's cache.
    static func append(_ contents: [FrameContent], to bytes: inout [UInt8]) -> UInt32 {
        let pairs = contents.reduce(0) { $0 + $1.tokens.count }
        var bits = 0
        while bits < maximumBits, pairs >> bits > 8 { bits += 1 }
        var partBits = 0
        // Of each frame some come at once, however small frames are: looking into all of them for each part would take long.
        while partBits < bits, pairs >> partBits > max(pairsInPart, 4 * contents.count) { partBits += 1 }

        let directory = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: ((1 << bits) + 1) * 4))
        let entries = bytes.count
        var part = TokenTablePart(bits: bits, partBits: partBits)
        var gathered: [Pair] = []
        /// How many of each frame's tokens were taken.
        var taken = [Int](repeating: 0, count: contents.count)
        for number in 0..<1 << partBits {
            gather(part: number, partBits, of: contents, &taken, into: &gathered)
            gathered.withUnsafeBufferPointer { part.write($0, at: bytes.count - entries) }
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

    /// The pairs of the next part, in the order of frames.
    private static func gather(
        part: Int, _ partBits: Int, of contents: [FrameContent], _ taken: inout [Int], into pairs: inout [Pair]
    ) {
        pairs.removeAll(keepingCapacity: true)
        for frame in contents.indices {
            var index = taken[frame]
            contents[frame].tokens.withUnsafeBufferPointer { tokens in
                while index < tokens.count, bucket(tokens[index], bits: partBits) == part {
                    pairs.append(Pair(token: tokens[index], frame: UInt32(truncatingIfNeeded: frame)))
                    index &+= 1
                }
            }
            taken[frame] = index
        }
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
