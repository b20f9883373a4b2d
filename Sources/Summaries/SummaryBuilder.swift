/// Makes the `Summary` of one segment: what its spans change in the figures, given the spans that earlier segments hold.
///
/// First texts become symbols of `symbols`, then digests made of them are added. Copies, order and the place of `preload` among
/// the additions do not matter. About 100 bytes a span. One thread at a time.
package struct SummaryBuilder: Sendable {
    package var symbols: SymbolTable
    /// How many spans found no room (`SummaryBounds.spans`). They are in no figure.
    package private(set) var refusedSpans: UInt64 = 0

    let bounds: SummaryBounds
    /// The standing copy of each span.
    private(set) var held: [HeldSpan] = []
    /// By place in `held`: copies that stand in earlier segments and no longer now.
    private var replaced: [Int: SpanDigest] = [:]
    private(set) var index: SpanIndex
    /// Of added copies in whose place others stand.
    private(set) var displaced: [RowKey: Exemplars] = [:]

    package init(expectedSpans: Int = 0, bounds: SummaryBounds = SummaryBounds()) {
        precondition(bounds.spans < 1 << 30, "SummaryBuilder: a bound out of range")
        self.bounds = bounds
        symbols = SymbolTable()
        let expected = min(expectedSpans, bounds.spans)
        index = SpanIndex(expecting: expected)
        held.reserveCapacity(expected)
    }

    struct RowKey: Hashable, Sendable {
        var service: UInt32
        var operation: UInt32
        var minute: UInt32
        var kind: UInt8

        init(_ digest: SpanDigest) {
            (service, operation, kind) = (digest.service, digest.operation, digest.knownKind)
            minute = SummaryMinute.of(digest.start)
        }
    }

    /// A span of this segment.
    package mutating func add(_ digest: SpanDigest) {
        guard hasRoom else {
            refusedSpans &+= 1
            return
        }
        guard let place = index.findOrEnter(digest, in: held) else {
            held.append(HeldSpan(digest, HeldSpan.added))
            return
        }
        let standing = held[place].span
        if digest.isCopy(of: standing) { return }
        guard digest.stands(over: standing) else {
            displaced[RowKey(digest), default: Exemplars()].note(digest)
            return
        }
        displace(place)
        if held[place].isKnown {
            replaced[place] = standing
            held[place].becomeReplacing()
        }
        held[place].span = digest
        held[place].becomeAdded()
    }

    /// A span that earlier segments hold. All earlier spans of a trace are to be given once this segment has a span of it,
    /// or the sum over the segments counts spans or calls twice.
    package mutating func preload(_ digest: SpanDigest) {
        guard hasRoom else {
            refusedSpans &+= 1
            return
        }
        guard let place = index.findOrEnter(digest, in: held) else {
            held.append(HeldSpan(digest, HeldSpan.known))
            return
        }
        if let before = before(place), !digest.stands(over: before) { return }
        if digest.isCopy(of: held[place].span) {
            replaced[place] = nil
            held[place].becomeKnown()
        } else if digest.stands(over: held[place].span) {
            displace(place)
            replaced[place] = nil
            held[place] = HeldSpan(digest, HeldSpan.known)
        } else {
            replaced[place] = digest
            held[place].becomeReplacing()
        }
    }

    /// An added copy that another takes the place of stays an exemplar.
    private mutating func displace(_ place: Int) {
        guard held[place].isAdded else { return }
        displaced[RowKey(held[place].span), default: Exemplars()].note(held[place].span)
    }

    private var hasRoom: Bool { held.count + replaced.count + displaced.count < bounds.spans }

    /// The copy that stands in earlier segments.
    @inline(__always)
    func before(_ place: Int) -> SpanDigest? {
        if held[place].isKnown { return held[place].span }
        return held[place].replacesAnother ? replaced[place] : nil
    }
}
