import Files

/// Writes some neighbouring buckets of a `TokenTable`. Its buffers are kept for the next ones.
struct TokenTablePart {
    /// The entries of the buckets.
    private(set) var bytes: [UInt8] = []
    /// Where those of each bucket begin, counted like the place that `write` was given.
    private(set) var starts: [UInt32]
    private let bits: Int
    private let partBits: Int
    /// Where each bucket's pairs begin.
    private var places: [Int]
    private var sorted: [TokenTable.Pair] = []
    private var list: [UInt8] = []

    init(bits: Int, partBits: Int) {
        (self.bits, self.partBits) = (bits, partBits)
        let buckets = 1 << (bits - partBits)
        starts = [UInt32](repeating: 0, count: buckets)
        places = [Int](repeating: 0, count: buckets + 1)
    }

    /// - Parameters:
    ///   - pairs: all of these buckets, in the order of frames.
    ///   - offset: how many bytes of entries come before.
    mutating func write(_ pairs: UnsafeBufferPointer<TokenTable.Pair>, at offset: Int) {
        sort(pairs)
        bytes.removeAll(keepingCapacity: true)
        let (bits, places) = (bits, places)
        // Out of the struct, which changes meanwhile.
        var sorted: [TokenTable.Pair] = []
        swap(&sorted, &self.sorted)
        sorted.withUnsafeMutableBufferPointer { sorted in
            for bucket in starts.indices {
                starts[bucket] = UInt32(offset + bytes.count)
                writeBucket(UnsafeMutableBufferPointer(rebasing: sorted[places[bucket]..<places[bucket + 1]]), bits)
            }
        }
    }

    private mutating func sort(_ pairs: UnsafeBufferPointer<TokenTable.Pair>) {
        let (bits, mask) = (bits, starts.count - 1)
        places.withUnsafeMutableBufferPointer { places in
            places.update(repeating: 0)
            for pair in pairs { places[TokenTable.bucket(pair.token, bits: bits) & mask] &+= 1 }
            var sum = 0
            for index in places.indices {
                sum += places[index]
                places[index] = sum
            }
            sorted = [TokenTable.Pair](unsafeUninitializedCapacity: pairs.count) { sorted, count in
                // From the back, so that the order of frames stays and each place ends where its bucket begins.
                for pair in pairs.reversed() {
                    let bucket = TokenTable.bucket(pair.token, bits: bits) & mask
                    places[bucket] &-= 1
                    sorted.initializeElement(at: places[bucket], to: pair)
                }
                count = pairs.count
            }
        }
    }

    /// Takes one token after the other out of the bucket, which holds few different ones.
    private mutating func writeBucket(_ pairs: UnsafeMutableBufferPointer<TokenTable.Pair>, _ bits: Int) {
        var end = pairs.count
        while end > 0 {
            let token = pairs[0].token & ~1
            list.removeAll(keepingCapacity: true)
            var count = 0
            var previous: UInt32 = 0
            var kept = 0
            let first = pairs[0]
            for index in 0..<end {
                let pair = pairs[index]
                guard pair.token & ~1 == token else {
                    pairs[kept] = pair
                    kept &+= 1
                    continue
                }
                count &+= 1
                if count > 1 || end > 1 {
                    list.appendVarint(UInt64((pair.frame &- previous) << 1 | pair.all))
                    previous = pair.frame
                }
            }
            Self.append(TokenTable.fingerprint(token, bits: bits), to: &bytes)
            if count == 1 {
                bytes.appendVarint(UInt64(first.frame << 2 | first.all << 1))
            } else {
                bytes.appendVarint(UInt64(UInt32(list.count) << 1 | 1))
                bytes.append(contentsOf: list)
            }
            // Those that stay were moved to the front.
            end = kept
        }
    }

    @inline(__always)
    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

extension TokenTable.Pair {
    /// 1 when each span of the frame has the token.
    @inline(__always)
    fileprivate var all: UInt32 { UInt32(truncatingIfNeeded: token & 1) }
}
