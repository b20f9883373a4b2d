/// Knows which operations the open frame has spans of, and in which buckets their durations lie: their tokens are there then.
///
/// Fixed size (64 KiB). An operation with another's place takes it over, and is told anew when it comes again.
struct OperationMemo: ~Copyable {
    private struct Entry: BitwiseCopyable {
        var key: UInt64 = 0
        var frame: UInt32 = 0
        /// A bit for each bucket.
        var buckets: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    }
    private static let bits: UInt64 = 10
    private let entries: UnsafeMutablePointer<Entry>
    private var frame: UInt32 = 1

    init() {
        precondition(NumberBucket.highest < 6 * 64, "OperationMemo: more buckets than bits")
        entries = .allocate(capacity: 1 << Self.bits)
        entries.initialize(repeating: Entry(), count: 1 << Self.bits)
    }

    deinit { entries.deallocate() }

    /// Whether the frame has had a span of the operation. The next time it has.
    @inline(__always)
    mutating func recall(_ key: UInt64) -> Bool {
        let place = Int(truncatingIfNeeded: key &>> (64 &- Self.bits))
        if entries[place].key == key, entries[place].frame == frame { return true }
        entries[place] = Entry(key: key, frame: frame)
        return false
    }

    /// The same for a span of the operation that `recall` was asked for last, with a duration in that bucket.
    @inline(__always)
    mutating func recall(_ key: UInt64, bucket: Int) -> Bool {
        let place = Int(truncatingIfNeeded: key &>> (64 &- Self.bits))
        let bit = 1 as UInt64 &<< UInt64(truncatingIfNeeded: bucket & 63)
        return withUnsafeMutableBytes(of: &entries[place].buckets) { words in
            let offset = (bucket &>> 6) &* 8
            let word = words.load(fromByteOffset: offset, as: UInt64.self)
            words.storeBytes(of: word | bit, toByteOffset: offset, as: UInt64.self)
            return word & bit != 0
        }
    }

    mutating func endFrame() {
        frame &+= 1
        guard frame == 0 else { return }
        frame = 1
        entries.update(repeating: Entry(), count: 1 << Self.bits)
    }
}
