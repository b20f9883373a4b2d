/// The tokens of one frame's spans. What was seen before, in this frame or an earlier one, costs a lookup.
///
/// Memory: 8 bytes for each of the most tokens a frame had, doubled, and about 300 KiB.
package struct FrameTokens: ~Copyable {
    private var tokens = TokenSet()
    private var attributes = AttributeMemo()
    private var contexts = ContextMemo()
    private var operations = OperationMemo()
    private let hash: TokenHash
    private var frame: UInt32 = 1

    /// What the walk told last, for the memory that learns it.
    private let told: UnsafeMutableBufferPointer<UInt64>
    private var toldCount = 0
    private var toldHash: UInt64 = 0

    /// Tokens of the resource that is open.
    private var resourceTokens: [UInt64] = []
    /// Where the tokens of its open piece begin.
    private var pieceStart = 0
    /// The one piece of the resource, where it is known; -1 for none yet, -2 for anything else.
    private var resourcePlace = -1
    private var resourceHash: UInt64 = 0
    private var spansBeforeResource: UInt32 = 0
    /// Tokens of the open piece of a scope.
    private var scopeTokens: [UInt64] = []

    /// The tokens that all resources, or all operations, of the frame have; nil before the first.
    private var common: (resources: [UInt64]?, operations: [UInt64]?) = (nil, nil)

    /// Spans since the frame began.
    package private(set) var spans: UInt32 = 0
    /// Smallest and largest start; `minStart` > `maxStart` while there is no span.
    package private(set) var minStart = UInt64.max
    package private(set) var maxStart: UInt64 = 0
    private var walk: SpanWalk
    private var observer: ((SpanFacts) -> Void)?

    package init(_ tokens: SpanToken) {
        hash = tokens.hash
        walk = SpanWalk(tokens)
        told = .allocate(capacity: 16)
    }

    deinit { told.deallocate() }

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

    /// Stands alone where a frame has more tokens than are kept: it may hold anything.
    package static let anything: UInt64 = 0

    /// The tokens in rising order, each with its lowest bit set when it is certain that all spans of the frame have it. Begins
    /// the next frame.
    package mutating func finish() -> [UInt64] {
        let isOverfull = tokens.isOverfull
        var sorted = tokens.take()
        attributes.endFrame(spans: spans) { Self.mark($0, in: &sorted) }
        operations.endFrame()
        for token in common.resources ?? [] { Self.mark(token, in: &sorted) }
        for token in common.operations ?? [] { Self.mark(token, in: &sorted) }
        common = (nil, nil)
        frame &+= 1
        spans = 0
        minStart = .max
        maxStart = 0
        return isOverfull ? [Self.anything] : sorted
    }

    private static func mark(_ token: UInt64, in sorted: inout [UInt64]) {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < token { low = middle + 1 } else { high = middle }
        }
        if low < sorted.count, sorted[low] == token { sorted[low] |= 1 }
    }

    private static func keep(_ tokens: some Collection<UInt64>, in common: inout [UInt64]?) {
        if common == nil { common = Array(tokens) } else { common?.removeAll { !tokens.contains($0) } }
    }
}

extension FrameTokens: TokenSink {
    mutating func beginResource() {
        resourceTokens.removeAll(keepingCapacity: true)
        resourcePlace = -1
        spansBeforeResource = spans
    }

    mutating func recall(resource bytes: UnsafeRawBufferPointer) -> KnownContext? {
        toldHash = hash(bytes)
        guard let place = contexts.find(toldHash) else {
            pieceStart = resourceTokens.count
            return nil
        }
        resourceTokens.append(contentsOf: contexts[place].tokens)
        note(resourceAt: place)
        return contexts[place].context
    }

    mutating func learn(resource context: KnownContext) {
        // What is not kept has its tokens all the same.
        guard let place = contexts.learn(toldHash, context, resourceTokens[pieceStart...]) else {
            resourcePlace = -2
            return
        }
        note(resourceAt: place)
    }

    private mutating func note(resourceAt place: Int) {
        resourcePlace = resourcePlace == -1 ? place : -2
        resourceHash = contexts[place].hash
    }

    mutating func resourceToken(_ token: UInt64) { resourceTokens.append(token) }

    mutating func admitsSpans() -> Bool { true }

    @inline(__always)
    var wantsAttributes: Bool { true }

    @inline(__always)
    func wants(keyHash: UInt64) -> Bool { true }

    mutating func beginScope() {}

    mutating func recall(scope bytes: UnsafeRawBufferPointer) -> KnownContext? {
        // Not a resource of the same bytes.
        toldHash = hash(bytes) ^ 0x9E37_79B9_7F4A_7C15
        scopeTokens.removeAll(keepingCapacity: true)
        guard let place = contexts.find(toldHash) else { return nil }
        if contexts[place].frame != frame {
            contexts[place].frame = frame
            for token in contexts[place].tokens { tokens.insert(token) }
        }
        return contexts[place].context
    }

    mutating func learn(scope context: KnownContext) {
        for token in scopeTokens { tokens.insert(token) }
        if let place = contexts.learn(toldHash, context, scopeTokens[...]) { contexts[place].frame = frame }
    }

    /// Known to be there, and not counted: whether all spans have it is then not known, which is safe.
    mutating func scopeToken(_ token: UInt64) { scopeTokens.append(token) }

    @inline(__always)
    mutating func recall(attribute bytes: UnsafeRawBufferPointer) -> SpanFacts.PeerKind? {
        toldHash = hash(bytes)
        toldCount = 0
        return attributes.recall(toldHash, into: &tokens)
    }

    mutating func learn(attribute peer: SpanFacts.PeerKind) {
        attributes.learn(
            toldHash, UnsafeBufferPointer(rebasing: told[..<min(toldCount, told.count)]),
            isWhole: toldCount <= told.count, peer)
    }

    @inline(__always)
    mutating func recall(operation key: UInt64) -> Bool {
        toldCount = 0
        return operations.recall(key)
    }

    mutating func learnOperation() {
        Self.keep(told[..<min(toldCount, told.count)], in: &common.operations)
    }

    @inline(__always)
    mutating func recall(operation key: UInt64, bucket: Int) -> Bool { operations.recall(key, bucket: bucket) }

    @inline(__always)
    mutating func spanToken(_ token: UInt64) {
        tokens.insert(token)
        if toldCount < told.count { told[toldCount] = token }
        toldCount &+= 1
    }

    @inline(__always)
    mutating func span(_ facts: SpanFacts) {
        spans &+= 1
        attributes.endSpan()
        minStart = min(minStart, facts.start)
        maxStart = max(maxStart, facts.start)
        observer?(facts)
    }

    mutating func endResource() {
        guard spans != spansBeforeResource else { return }
        // A scope may have taken its place meanwhile.
        if resourcePlace >= 0, contexts[resourcePlace].hash == resourceHash {
            if contexts[resourcePlace].frame == frame { return }
            contexts[resourcePlace].frame = frame
        }
        for token in resourceTokens { tokens.insert(token) }
        Self.keep(resourceTokens, in: &common.resources)
    }
}
