/// Knows attributes of spans by the hash of their bytes, and in how many spans of the frame they were: most attributes were seen
/// just before, and need not be read again.
///
/// Fixed size (about 100 KiB, of which half is looked at often). An attribute takes another's place over unless that was seen
/// again lately, so that values that come once do not drive out those that come often; one that is learned anew is counted anew.
/// Hashes are salted with what senders do not know; two attributes with one hash are taken for the same.
struct AttributeMemo: ~Copyable {
    private struct Entry: BitwiseCopyable {
        /// 0 is free.
        var hash: UInt64 = 0
        var count = Count()
        var key: UInt16 = 0
        var peer = SpanFacts.PeerKind.none
        var wasSeenAgain = false
    }
    /// Of an entry, besides its key's own; 0 is none.
    private struct Tokens: BitwiseCopyable {
        var first: UInt64 = 0
        var second: UInt64 = 0
    }
    private struct Key: BitwiseCopyable {
        /// The token that says that there is such an attribute. 0 is free.
        var token: UInt64 = 0
        var count = Count()
    }
    /// Spans of one frame. Frames and spans are numbered from 1.
    private struct Count: BitwiseCopyable {
        var frame: UInt32 = 0
        var spans: UInt32 = 0
        /// The one that was counted last, so that none counts twice.
        var lastSpan: UInt32 = 0

        /// True for the first in the frame.
        @inline(__always)
        mutating func note(_ span: UInt32, in frame: UInt32) -> Bool {
            if self.frame != frame {
                self = Count(frame: frame, spans: 1, lastSpan: span)
                return true
            }
            if lastSpan != span {
                lastSpan = span
                spans &+= 1
            }
            return false
        }
    }

    private static let entryBits: UInt64 = 11
    private static let keyBits: UInt64 = 10
    private static let maximumKeys = 768
    private let entries: UnsafeMutablePointer<Entry>
    private let tokens: UnsafeMutablePointer<Tokens>
    private let keys: UnsafeMutablePointer<Key>
    private var keyCount = 0

    private var frame: UInt32 = 1
    private var span: UInt32 = 1
    private var isFirstSpan = true
    /// The entries and keys of the frame's first span: no others can be in all spans.
    private var firstEntries: [(place: Int, hash: UInt64)] = []
    private var firstKeys: [Int] = []
    private static let maximumFirst = 128

    init() {
        entries = .allocate(capacity: 1 << Self.entryBits)
        entries.initialize(repeating: Entry(), count: 1 << Self.entryBits)
        tokens = .allocate(capacity: 1 << Self.entryBits)
        tokens.initialize(repeating: Tokens(), count: 1 << Self.entryBits)
        keys = .allocate(capacity: 1 << Self.keyBits)
        keys.initialize(repeating: Key(), count: 1 << Self.keyBits)
    }

    deinit {
        entries.deallocate()
        tokens.deallocate()
        keys.deallocate()
    }

    /// Notes a known attribute of the open span; nil for an unknown one.
    @inline(__always)
    mutating func recall(_ hash: UInt64, into set: inout TokenSet) -> SpanFacts.PeerKind? {
        let place = Int(truncatingIfNeeded: hash &>> (64 &- Self.entryBits))
        guard entries[place].hash == hash else { return nil }
        if entries[place].count.note(span, in: frame) {
            if tokens[place].first != 0 { set.insert(tokens[place].first) }
            if tokens[place].second != 0 { set.insert(tokens[place].second) }
        }
        entries[place].wasSeenAgain = true
        let key = Int(entries[place].key)
        if keys[key].count.note(span, in: frame) { set.insert(keys[key].token) }
        if isFirstSpan { noteFirst(entry: place, key) }
        return entries[place].peer
    }

    /// Notes an attribute of the open span that was read, `told` being all tokens that it has, that of its key in front.
    mutating func learn(_ hash: UInt64, _ told: UnsafeBufferPointer<UInt64>, isWhole: Bool, _ peer: SpanFacts.PeerKind)
    {
        guard let token = told.first, let key = key(of: token) else { return }
        _ = keys[key].count.note(span, in: frame)
        let place = Int(truncatingIfNeeded: hash &>> (64 &- Self.entryBits))
        guard isWhole, told.count <= 3, hash != 0, !entries[place].wasSeenAgain else {
            entries[place].wasSeenAgain = false
            if isFirstSpan { noteFirst(entry: nil, key) }
            return
        }
        entries[place] = Entry(hash: hash, key: UInt16(key), peer: peer)
        _ = entries[place].count.note(span, in: frame)
        tokens[place] = Tokens(first: told.count > 1 ? told[1] : 0, second: told.count > 2 ? told[2] : 0)
        if isFirstSpan { noteFirst(entry: place, key) }
    }

    private mutating func key(of token: UInt64) -> Int? {
        guard token != 0 else { return nil }
        let mask = 1 << Int(Self.keyBits) - 1
        var place = Int(truncatingIfNeeded: token &>> (64 &- Self.keyBits))
        while keys[place].token != token {
            if keys[place].token == 0 {
                guard keyCount < Self.maximumKeys else { return nil }
                keyCount += 1
                keys[place].token = token
                break
            }
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func noteFirst(entry: Int?, _ key: Int) {
        guard firstKeys.count < Self.maximumFirst else { return }
        if let entry { firstEntries.append((entry, entries[entry].hash)) }
        firstKeys.append(key)
    }

    @inline(__always)
    mutating func endSpan() {
        span &+= 1
        isFirstSpan = false
    }

    /// Tells the tokens that all of the frame's spans have, and begins the next frame.
    mutating func endFrame(spans: UInt32, _ body: (UInt64) -> Void) {
        for (place, hash) in firstEntries {
            let entry = entries[place]
            guard entry.hash == hash, entry.count.frame == frame, entry.count.spans == spans else { continue }
            if tokens[place].first != 0 { body(tokens[place].first) }
            if tokens[place].second != 0 { body(tokens[place].second) }
        }
        for place in firstKeys where keys[place].count.frame == frame && keys[place].count.spans == spans {
            body(keys[place].token)
        }
        firstEntries.removeAll(keepingCapacity: true)
        firstKeys.removeAll(keepingCapacity: true)
        isFirstSpan = true
        frame &+= 1
        // Numbers that come again would count for what they no longer are; keys without end would leave no room.
        if frame > UInt32.max / 2 || span > UInt32.max / 2 || keyCount >= Self.maximumKeys { forget() }
    }

    private mutating func forget() {
        entries.update(repeating: Entry(), count: 1 << Self.entryBits)
        keys.update(repeating: Key(), count: 1 << Self.keyBits)
        keyCount = 0
        (frame, span) = (1, 1)
    }
}
