import LargeArrays

/// Makes the `Summary` of one segment: what its spans change in the figures, given the spans that earlier segments hold.
///
/// First texts become symbols of `symbols`, then digests made of them are added. Copies, order and the place of `preload` among
/// the additions do not matter: nothing is looked at before the summary is made. 72 bytes a span. One thread at a time.
package struct SummaryBuilder: Sendable {
    package var symbols: SymbolTable
    /// How many spans found no room (`SummaryBounds.spans`). They are in no figure.
    package private(set) var refusedSpans: UInt64 = 0

    let bounds: SummaryBounds
    /// In the order in which they came.
    private(set) var held: [HeldSpan] = []
    /// How many were held when each frame of the segment was done.
    private(set) var frameEnds: [Int] = []

    package init(expectedSpans: Int = 0, bounds: SummaryBounds = SummaryBounds()) {
        precondition(bounds.spans < 1 << 30, "SummaryBuilder: a bound out of range")
        self.bounds = bounds
        symbols = SymbolTable()
        if expectedSpans > 0 { reserve(min(expectedSpans, bounds.spans)) }
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
    package mutating func add(_ digest: SpanDigest) { hold(HeldSpan(span: digest, isEarlier: false)) }

    /// What was added since the last call came in one frame, the next one of the segment.
    package mutating func finishFrame() { frameEnds.append(held.count) }

    /// A span that earlier segments hold. All earlier spans of a trace are to be given once this segment has a span of it,
    /// or the sum over the segments counts spans or calls twice.
    package mutating func preload(_ digest: SpanDigest) { hold(HeldSpan(span: digest, isEarlier: true)) }

    @inline(__always)
    private mutating func hold(_ span: HeldSpan) {
        guard held.count < bounds.spans else {
            refusedSpans &+= 1
            return
        }
        if held.count == held.capacity { reserve(min(more, bounds.spans)) }
        held.append(span)
    }

    /// Of a segment that is filled at full speed all of the room that it may need: what is not written of it costs no memory,
    /// and growing would copy it again and again.
    private var more: Int {
        held.count < Self.many ? max(1024, held.count * 4) : max(Self.mostExpected, held.count * 2)
    }

    private static let many = 1 << 16
    private static let mostExpected = 3 << 19

    private mutating func reserve(_ count: Int) {
        var room = [HeldSpan](roomFor: count)
        room.append(contentsOf: held)
        held = room
    }
}
