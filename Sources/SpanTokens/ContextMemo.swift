/// Knows resources and scopes by the hash of their bytes: a process sends the same again and again.
///
/// At most 1,024, of a few kilobytes each. One with another's place takes it over.
struct ContextMemo {
    struct Entry {
        var hash: UInt64 = 0
        var context = KnownContext()
        var tokens: [UInt64] = []
        /// The frame that has its tokens.
        var frame: UInt32 = 0
    }

    private static let bits: UInt64 = 10
    /// Larger ones are read each time.
    private static let maximumTokens = 256
    private var entries = [Entry](repeating: Entry(), count: 1 << Int(bits))

    @inline(__always)
    func find(_ hash: UInt64) -> Int? {
        let place = Int(truncatingIfNeeded: hash &>> (64 &- Self.bits))
        return entries[place].hash == hash && hash != 0 ? place : nil
    }

    subscript(_ place: Int) -> Entry {
        @inline(__always) _read { yield entries[place] }
        @inline(__always) _modify { yield &entries[place] }
    }

    /// Nil for what is not kept.
    mutating func learn(_ hash: UInt64, _ context: KnownContext, _ tokens: ArraySlice<UInt64>) -> Int? {
        guard tokens.count <= Self.maximumTokens, hash != 0 else { return nil }
        let place = Int(truncatingIfNeeded: hash &>> (64 &- Self.bits))
        entries[place] = Entry(hash: hash, context: context, tokens: Array(tokens))
        return place
    }
}

/// What the bytes of a resource or scope tell besides tokens.
struct KnownContext {
    var contentHash: UInt64 = 0
    /// Where in the bytes the service's name lies; nil when they do not tell.
    var service: Range<Int>?
}
