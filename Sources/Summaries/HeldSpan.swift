/// The standing copy of a span, and what a builder knows of it besides.
struct HeldSpan: Sendable {
    var span: SpanDigest
    private var flags: UInt8

    /// `span` was added, not only preloaded.
    static let added: UInt8 = 1
    /// Earlier segments have `span`, too.
    static let known: UInt8 = 2
    /// In earlier segments another copy stands, which `SummaryBuilder` keeps aside.
    static let replaces: UInt8 = 4

    init(_ span: SpanDigest, _ flags: UInt8) { (self.span, self.flags) = (span, flags) }

    @inline(__always) var isAdded: Bool { flags & Self.added != 0 }
    @inline(__always) var isKnown: Bool { flags & Self.known != 0 }
    @inline(__always) var replacesAnother: Bool { flags & Self.replaces != 0 }
    /// Whether earlier segments have the span in any copy.
    @inline(__always) var wasHeldBefore: Bool { flags & (Self.known | Self.replaces) != 0 }

    mutating func becomeKnown() { flags = flags & ~Self.replaces | Self.known }
    mutating func becomeReplacing() { flags = flags & ~Self.known | Self.replaces }
    mutating func becomeAdded() { flags |= Self.added }
}
