/// The tokens of one frame, each once, ordered by their upper bits: what is in it comes out nearly sorted.
///
/// Owned memory, freed in `deinit`. Plain, since nearly everything of each span that is new to its frame comes here.
struct TokenSet: ~Copyable {
    /// 0 is free; a token that happens to be 0 is taken for 2. Not full beyond a half; behind the end there is room for those
    /// that find no place before it, so that no search wraps around.
    private var slots: UnsafeMutablePointer<UInt64>
    private var slotCount: Int
    private var bits: UInt64
    private(set) var count = 0
    /// Whether there were more tokens than are kept.
    private(set) var isOverfull = false

    private static let overhang = 64
    private static let usualBits: UInt64 = 12
    private static let maximumTokens = 1 << 18

    init() {
        bits = Self.usualBits
        slotCount = 1 << Self.usualBits + Self.overhang
        slots = Self.free(slotCount)
    }

    deinit { slots.deallocate() }

    private static func free(_ count: Int) -> UnsafeMutablePointer<UInt64> {
        let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        slots.initialize(repeating: 0, count: count)
        return slots
    }

    @inline(__always)
    mutating func insert(_ token: UInt64) {
        let token = token == 0 ? 2 : token
        var index = Int(truncatingIfNeeded: token &>> (64 &- bits))
        while index < slotCount {
            let slot = slots[index]
            if slot == token { return }
            if slot == 0 {
                slots[index] = token
                count &+= 1
                if count &* 2 > 1 << bits { grow() }
                return
            }
            index &+= 1
        }
        grow()
        insertSlowly(token)
    }

    @inline(never)
    private mutating func insertSlowly(_ token: UInt64) { insert(token) }

    /// Twice as many slots; nothing beyond the bound.
    @inline(never)
    private mutating func grow() {
        guard count < Self.maximumTokens else { return forget() }
        let (old, oldCount) = (slots, slotCount)
        defer { old.deallocate() }
        while true {
            bits += 1
            slotCount = 1 << bits + Self.overhang
            slots = Self.free(slotCount)
            if (0..<oldCount).allSatisfy({ old[$0] == 0 || place(old[$0]) }) { return }
            slots.deallocate()
        }
    }

    private mutating func place(_ token: UInt64) -> Bool {
        var index = Int(truncatingIfNeeded: token &>> (64 &- bits))
        while index < slotCount, slots[index] != 0 { index += 1 }
        guard index < slotCount else { return false }
        slots[index] = token
        return true
    }

    private mutating func forget() {
        isOverfull = true
        slots.update(repeating: 0, count: slotCount)
        count = 0
    }

    /// The tokens in rising order. Leaves the set empty.
    mutating func take() -> [UInt64] {
        var sorted: [UInt64] = []
        sorted.reserveCapacity(count)
        for index in 0..<slotCount where slots[index] != 0 {
            let token = slots[index]
            sorted.append(token)
            guard sorted.count > 1, sorted[sorted.count - 2] > token else { continue }
            var place = sorted.count - 1
            while place > 0, sorted[place - 1] > token {
                sorted[place] = sorted[place - 1]
                place -= 1
            }
            sorted[place] = token
        }
        count = 0
        isOverfull = false
        // One large frame must not make all that follow it slow.
        if bits > Self.usualBits + 2 {
            slots.deallocate()
            bits = Self.usualBits
            slotCount = 1 << Self.usualBits + Self.overhang
            slots = Self.free(slotCount)
        } else {
            slots.update(repeating: 0, count: slotCount)
        }
        return sorted
    }
}
