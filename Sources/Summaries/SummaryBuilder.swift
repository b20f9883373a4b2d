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
    private(set) var spans: [SpanDigest] = []
    private var states: [State] = []
    /// Copies that stand in earlier segments and no longer in this.
    private var replaced: [SpanDigest] = []
    private(set) var index: SpanIndex
    /// Of added copies in whose place others stand.
    private(set) var displaced: [RowKey: Exemplars] = [:]

    package init(expectedSpans: Int = 0, bounds: SummaryBounds = SummaryBounds()) {
        precondition(bounds.spans < 1 << 30, "SummaryBuilder: a bound out of range")
        self.bounds = bounds
        symbols = SymbolTable()
        let expected = min(expectedSpans, bounds.spans)
        index = SpanIndex(expecting: expected)
        spans.reserveCapacity(expected)
        states.reserveCapacity(expected)
    }

    /// What is known of a span besides its standing copy.
    private struct State {
        /// 0: earlier segments do not have it. 1: they have the standing copy. More: they have `replaced[before - 2]`.
        var before: UInt32
        /// The standing copy was added, not only preloaded.
        var isAdded: Bool
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
        guard let place = index.findOrEnter(digest, in: spans) else {
            spans.append(digest)
            states.append(State(before: 0, isAdded: true))
            return
        }
        if digest.isCopy(of: spans[place]) { return }
        guard digest.stands(over: spans[place]) else {
            displaced[RowKey(digest), default: Exemplars()].note(digest)
            return
        }
        if states[place].isAdded {
            displaced[RowKey(spans[place]), default: Exemplars()].note(spans[place])
        }
        if states[place].before == 1 {
            replaced.append(spans[place])
            states[place].before = UInt32(replaced.count + 1)
        }
        spans[place] = digest
        states[place].isAdded = true
    }

    /// A span that earlier segments hold. All earlier spans of a trace are to be given once this segment has a span of it,
    /// or the sum over the segments counts spans or calls twice.
    package mutating func preload(_ digest: SpanDigest) {
        guard hasRoom else {
            refusedSpans &+= 1
            return
        }
        guard let place = index.findOrEnter(digest, in: spans) else {
            spans.append(digest)
            states.append(State(before: 1, isAdded: false))
            return
        }
        if let before = before(place), !digest.stands(over: before) { return }
        if digest.isCopy(of: spans[place]) {
            states[place].before = 1
        } else if digest.stands(over: spans[place]) {
            if states[place].isAdded {
                displaced[RowKey(spans[place]), default: Exemplars()].note(spans[place])
            }
            spans[place] = digest
            states[place] = State(before: 1, isAdded: false)
        } else if states[place].before >= 2 {
            replaced[Int(states[place].before) - 2] = digest
        } else {
            replaced.append(digest)
            states[place].before = UInt32(replaced.count + 1)
        }
    }

    private var hasRoom: Bool { spans.count + replaced.count + displaced.count < bounds.spans }

    /// The copy that stands in earlier segments.
    @inline(__always)
    func before(_ place: Int) -> SpanDigest? {
        switch states[place].before {
        case 0: nil
        case 1: spans[place]
        case let number: replaced[Int(number) - 2]
        }
    }

    @inline(__always)
    func isAdded(_ place: Int) -> Bool { states[place].isAdded }

    /// Whether earlier segments have the standing copy.
    @inline(__always)
    func isUnchanged(_ place: Int) -> Bool { states[place].before == 1 }
}
