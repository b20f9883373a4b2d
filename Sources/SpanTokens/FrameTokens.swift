/// The tokens of one frame's spans, gathered in a table that is kept for the next frame.
///
/// Memory: 24 bytes for each of the most tokens a frame had, doubled.
package struct FrameTokens: ~Copyable {
    private struct Slot: BitwiseCopyable {
        /// 0 is free; a token that happens to be 0 is taken for 2.
        var token: UInt64 = 0
        /// Spans that have it themselves.
        var spans: UInt32 = 0
        /// Spans whose resource has it.
        var resourceSpans: UInt32 = 0
        /// The span, or the resource, that had it last, so that none counts twice.
        var lastSpan: UInt32 = 0
        var lastResource: UInt32 = 0
    }
    /// Ordered by the upper bits of the token: slots in their order are nearly sorted. Not full beyond a half; behind the end
    /// there is room for those that find no place before it, so that no search wraps around.
    /// Owned; freed in `deinit`. Plain memory, since each attribute of each span comes here.
    private var slots: UnsafeMutablePointer<Slot>
    private var slotCount: Int
    private var bits: UInt64
    private static let overhang = 64
    private static let usualBits: UInt64 = 12
    /// A frame with more tokens is not described: it may hold anything.
    private static let maximumTokens = 1 << 18
    private var isOverfull = false
    private var used = 0
    /// Tokens of the resource that is open.
    private var resourceTokens: [UInt64] = []
    private var spanNumber: UInt32 = 1
    private var resourceNumber: UInt32 = 1
    private var spansBeforeResource: UInt32 = 0

    /// Spans since the frame began.
    package private(set) var spans: UInt32 = 0
    /// Smallest and largest start; `minStart` > `maxStart` while there is no span.
    package private(set) var minStart = UInt64.max
    package private(set) var maxStart: UInt64 = 0
    private var walk: SpanWalk
    private var observer: ((SpanFacts) -> Void)?

    package init(_ tokens: SpanToken) {
        bits = Self.usualBits
        slotCount = 1 << Self.usualBits + Self.overhang
        slots = Self.free(slotCount)
        walk = SpanWalk(tokens)
    }

    deinit { slots.deallocate() }

    private static func free(_ count: Int) -> UnsafeMutablePointer<Slot> {
        // One more, for what finds no room in an overfull frame.
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count + 1)
        slots.initialize(repeating: Slot(), count: count + 1)
        return slots
    }

    /// Enters the spans of a traces request that was found good, and tells `observer` of each.
    package mutating func add(_ message: UnsafeRawBufferPointer, _ observer: (SpanFacts) -> Void = { _ in }) {
        withoutActuallyEscaping(observer) { observer in
            self.observer = observer
            var walk = self.walk
            walk.walk(message, into: &self)
            self.walk = walk
            self.observer = nil
        }
    }

    /// Stands alone where a frame has more tokens than are kept.
    package static let anything: UInt64 = 0

    /// The tokens in rising order, each with its lowest bit set when all spans of the frame have it. Begins the next frame.
    package mutating func finish() -> [UInt64] {
        defer {
            isOverfull = false
            // One large frame must not make all that follow it slow.
            if bits > Self.usualBits + 2 {
                slots.deallocate()
                bits = Self.usualBits
                slotCount = 1 << Self.usualBits + Self.overhang
                slots = Self.free(slotCount)
            }
        }
        let tokens = take()
        return isOverfull ? [Self.anything] : tokens
    }

    private mutating func take() -> [UInt64] {
        var sorted: [UInt64] = []
        sorted.reserveCapacity(used)
        for index in 0..<slotCount where slots[index].token != 0 {
            let slot = slots[index]
            sorted.append(slot.token | (max(slot.spans, slot.resourceSpans) == spans ? 1 : 0))
            slots[index].token = 0
            var place = sorted.count - 1
            let token = sorted[place]
            while place > 0, sorted[place - 1] > token {
                sorted[place] = sorted[place - 1]
                place -= 1
            }
            sorted[place] = token
        }
        used = 0
        spans = 0
        minStart = .max
        maxStart = 0
        spanNumber = 1
        resourceNumber = 1
        return sorted
    }

    @inline(__always)
    private mutating func slot(of token: UInt64) -> Int {
        let token = token == 0 ? 2 : token
        var index = Int(truncatingIfNeeded: token &>> (64 &- bits))
        while slots[index].token != token {
            guard slots[index].token != 0 else { return insert(token, at: index) }
            index &+= 1
            if index == slotCount {
                grow()
                return slot(of: token)
            }
        }
        return index
    }

    private mutating func insert(_ token: UInt64, at index: Int) -> Int {
        if used >= Self.maximumTokens {
            isOverfull = true
            return slotCount
        }
        if used &* 2 >= 1 << bits {
            grow()
            return slot(of: token)
        }
        used += 1
        slots[index] = Slot(token: token)
        return index
    }

    @inline(never)
    private mutating func grow() {
        let (old, oldCount) = (slots, slotCount)
        defer { old.deallocate() }
        while true {
            bits += 1
            slotCount = 1 << bits + Self.overhang
            slots = Self.free(slotCount)
            if (0..<oldCount).allSatisfy({ old[$0].token == 0 || place(old[$0]) }) { return }
            slots.deallocate()
        }
    }

    private mutating func place(_ slot: Slot) -> Bool {
        var index = Int(truncatingIfNeeded: slot.token &>> (64 &- bits))
        while index < slotCount, slots[index].token != 0 { index += 1 }
        guard index < slotCount else { return false }
        slots[index] = slot
        return true
    }
}

extension FrameTokens: TokenSink {
    mutating func beginResource() {
        resourceTokens.removeAll(keepingCapacity: true)
        resourceNumber &+= 1
        spansBeforeResource = spans
    }

    mutating func resourceToken(_ token: UInt64) { resourceTokens.append(token) }

    mutating func admitsSpans() -> Bool { true }

    @inline(__always)
    var wantsAttributes: Bool { true }

    @inline(__always)
    func wants(keyHash: UInt64) -> Bool { true }

    mutating func beginScope() {}

    /// Known to be there, and not counted: whether all spans have it is then not known, which is safe.
    mutating func scopeToken(_ token: UInt64) { _ = slot(of: token) }

    @inline(__always)
    mutating func spanToken(_ token: UInt64) {
        let index = slot(of: token)
        if slots[index].lastSpan != spanNumber {
            slots[index].lastSpan = spanNumber
            slots[index].spans &+= 1
        }
    }

    @inline(__always)
    mutating func span(_ facts: SpanFacts) {
        spans &+= 1
        spanNumber &+= 1
        minStart = min(minStart, facts.start)
        maxStart = max(maxStart, facts.start)
        observer?(facts)
    }

    mutating func endResource() {
        let count = spans &- spansBeforeResource
        guard count > 0 else { return }
        for token in resourceTokens {
            let index = slot(of: token)
            guard slots[index].lastResource != resourceNumber else { continue }
            slots[index].lastResource = resourceNumber
            slots[index].resourceSpans &+= count
        }
    }
}
