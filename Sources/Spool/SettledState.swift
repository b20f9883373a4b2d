import Files

/// What became of a lane's batches: which are done with, and how many items went which way. Written to the lane's `settled`
/// file as one slot of 512 bytes, integers little endian:
///
///     0 magic "HMSSETTL"   8 check:u32 (CRC-32C of 16..<512)   12 version:u32   16 generation:u64   24 sender:16 bytes
///     40 through:u64   48 forwarded:u64   56 moved:u64   64 dropped: 8 x u64, by `DropReason`   128 beyond: 32 x u64
///     384 floor:u64
package struct SettledState: Equatable, Sendable {
    static let slotLength = 512
    private static let magic = Array("HMSSETTL".utf8)
    private static let version: UInt32 = 1
    private static let droppedWords = 8
    private static let beyondWords = 32
    private static let floorOffset = 384
    /// How far beyond `through` a batch may be settled: what a collector that stays away may have seen waits for it, while
    /// what is behind that goes to others.
    static let window = UInt64(beyondWords * 64)
    /// How far beyond `through` a batch may be sent.
    static let sendWindow: UInt64 = 64

    /// All batches up to this one are settled.
    var through: UInt64 = 0
    /// Bit n: batch `through + 1 + n` is settled. Empty stands for zeros.
    private var beyond: [UInt64] = []
    /// Items that a collector acknowledged.
    package internal(set) var forwarded: UInt64 = 0
    /// Items that went into other collectors' lanes.
    package internal(set) var moved: UInt64 = 0
    /// No batch below this one is begun any more: numbers below may have been used by what was lost.
    var floor: UInt64 = 0
    private var droppedByReason = [UInt64](repeating: 0, count: DropReason.allCases.count)

    package func dropped(_ reason: DropReason) -> UInt64 { droppedByReason[reason.index] }
    mutating func drop(_ items: UInt64, _ reason: DropReason) { droppedByReason[reason.index] &+= items }

    package var dropped: UInt64 { droppedByReason.reduce(0, &+) }
    var items: UInt64 { forwarded &+ moved &+ dropped }

    func contains(_ batch: UInt64) -> Bool {
        guard batch > through else { return true }
        let distance = batch - through - 1
        return distance < Self.window && !beyond.isEmpty && beyond[Int(distance / 64)] & 1 << (distance % 64) != 0
    }

    /// The highest batch that is settled.
    var highest: UInt64 {
        guard let word = beyond.lastIndex(where: { $0 != 0 }) else { return through }
        return through + UInt64(64 * word + 64 - beyond[word].leadingZeroBitCount)
    }

    /// Notes a batch as settled, and that all before `oldestUnsettled` are.
    mutating func settle(_ batch: UInt64, oldestUnsettled: UInt64) {
        if batch >= oldestUnsettled, batch > through, batch - through - 1 < Self.window {
            if beyond.isEmpty { beyond = [UInt64](repeating: 0, count: Self.beyondWords) }
            let distance = batch - through - 1
            beyond[Int(distance / 64)] |= 1 << (distance % 64)
        }
        guard oldestUnsettled > through + 1 else { return }
        forget(oldestUnsettled - 1 - through)
        through = oldestUnsettled - 1
    }

    /// Moves the bits down by so many.
    private mutating func forget(_ step: UInt64) {
        guard !beyond.isEmpty else { return }
        guard step < Self.window else { return beyond = [] }
        let (words, bits) = (Int(step / 64), step % 64)
        for index in beyond.indices {
            let low = index + words < beyond.count ? beyond[index + words] : 0
            let high = index + words + 1 < beyond.count ? beyond[index + words + 1] : 0
            // A shift by 64 gives zero in Swift.
            beyond[index] = low >> bits | high << (64 - bits)
        }
        if beyond.allSatisfy({ $0 == 0 }) { beyond = [] }
    }

    func slot(generation: UInt64, sender: SenderID) -> [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.slotLength)
        bytes.appendLittle(UInt32(0))
        bytes.appendLittle(Self.version)
        for value in [generation, sender.high, sender.low, through, forwarded, moved] + droppedByReason {
            bytes.appendLittle(value)
        }
        bytes.append(contentsOf: repeatElement(0, count: 8 * (Self.droppedWords - droppedByReason.count)))
        for word in beyond { bytes.appendLittle(word) }
        // Where nothing is beyond there are no words of it.
        bytes.append(contentsOf: repeatElement(0, count: Self.floorOffset - bytes.count))
        bytes.appendLittle(floor)
        bytes.append(contentsOf: repeatElement(0, count: Self.slotLength - bytes.count))
        let check = bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[16...])) }
        bytes.storeLittle(check, at: 8)
        return bytes
    }

    /// Nil unless an intact slot stands at `offset`.
    static func read(
        _ bytes: [UInt8], at offset: Int
    ) -> (state: SettledState, generation: UInt64, sender: SenderID)? {
        guard bytes.count >= offset + slotLength, bytes[offset...].starts(with: magic),
            bytes.loadLittle(at: offset + 12, as: UInt32.self) == version
        else { return nil }
        let check = bytes.withUnsafeBytes {
            checksum(UnsafeRawBufferPointer(rebasing: $0[offset + 16..<offset + slotLength]))
        }
        guard check == bytes.loadLittle(at: offset + 8, as: UInt32.self) else { return nil }
        func word(_ index: Int) -> UInt64 { bytes.loadLittle(at: offset + 16 + 8 * index, as: UInt64.self) }
        var state = SettledState()
        (state.through, state.forwarded, state.moved) = (word(3), word(4), word(5))
        for index in state.droppedByReason.indices { state.droppedByReason[index] = word(6 + index) }
        let beyond = (0..<beyondWords).map { word(6 + droppedWords + $0) }
        if beyond.contains(where: { $0 != 0 }) { state.beyond = beyond }
        state.floor = bytes.loadLittle(at: offset + floorOffset, as: UInt64.self)
        return (state, word(0), SenderID(high: word(1), low: word(2)))
    }
}
