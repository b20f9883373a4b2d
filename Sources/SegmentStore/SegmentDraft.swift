import Outlines
import SpanTokens
import Summaries
import TraceModel

/// The figures of a segment that is not sealed yet. Whoever works on it holds the segment's lock for it.
struct SegmentDraft: Sendable {
    private(set) var builder: SummaryBuilder
    /// Of the segment's traces, in the order of their first appearance, so many were looked for in earlier segments.
    var tracesLookedUp = 0
    /// Frames whose spans are in.
    private(set) var frames = 0
    /// Spans that were added or looked up.
    private var changes = 0
    /// What was made last, and after how many changes.
    private var made: (summary: Summary, changes: Int, at: UInt64, cost: UInt64)?

    private var known = KnownSymbols()

    /// Hashes of its traces that earlier segments hold spans of.
    private var spread: Set<UInt32> = []
    /// Whether outlines tell of all of its spans, and of all traces that lie in earlier segments as well.
    private var hasOutlines = true
    private static let maximumSpread = 1 << 17

    /// - Parameter expectedSpans: spares the tables from growing.
    init(expectedSpans: Int = 0) { builder = SummaryBuilder(expectedSpans: expectedSpans) }

    mutating func finishFrame() {
        frames += 1
        builder.finishFrame()
    }

    mutating func add(_ facts: SpanFacts) {
        changes += 1
        let digest = digest(facts)
        builder.add(digest)
    }

    /// A span of an earlier segment.
    mutating func preload(_ facts: SpanFacts) {
        changes += 1
        let digest = digest(facts)
        builder.preload(digest)
    }

    /// Names are cut to 255 bytes, not in the middle of a character.
    private static func shortened(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard name.count > 255 else { return name }
        var end = 255
        while end > 0, name[end] & 0xC0 == 0x80 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: name[..<end])
    }

    private mutating func digest(_ facts: SpanFacts) -> SpanDigest {
        let service = known.service(facts.serviceHash) {
            builder.symbols.intern(Self.shortened(facts.service).bindMemory(to: UInt8.self).span)
        }
        let (operation, isExactName) = known.operation(facts.nameHash) {
            let symbol = builder.symbols.operation(ofName: facts.name.bindMemory(to: UInt8.self).span)
            return (symbol, builder.symbols.bytes(of: symbol).elementsEqual(facts.name))
        }
        var peer = SymbolTable.none
        // Only who calls has somebody to call.
        if facts.peerKind != .none, facts.kind == 3 || facts.kind == 4 {
            peer = builder.symbols.intern(Self.shortened(facts.peer).bindMemory(to: UInt8.self).span)
        }
        return SpanDigest(
            trace: TraceID(high: facts.traceHigh, low: facts.traceLow), spanID: facts.spanID, parentID: facts.parentID,
            start: facts.start, end: facts.end, service: service, operation: operation, isExactName: isExactName,
            kind: facts.kind, status: facts.status, peer: peer,
            peerKind: peer == SymbolTable.none ? .none : facts.digestPeerKind,
            contentHash: facts.contentHash)
    }

    /// A trace that earlier segments hold spans of.
    mutating func note(spread id: TraceID) {
        guard hasOutlines else { return }
        spread.insert(OutlineHash.of(id))
        if spread.count > Self.maximumSpread { giveUpOutlines() }
    }

    /// Something is missing of what they are made of.
    mutating func giveUpOutlines() {
        hasOutlines = false
        spread = []
    }

    /// The figures as they are now, the outlines, and the hashes of traces that earlier segments hold spans of; these are empty
    /// where they would not tell all.
    func summaryAndOutlines(lastReceivedAt: UInt64) -> (summary: Summary, outlines: [UInt8], spread: [UInt32]) {
        guard hasOutlines, builder.refusedSpans == 0 else { return (builder.summary(), [], []) }
        let made = builder.summaryAndOutlines(moment: lastReceivedAt)
        return (made.summary, made.outlines, spread.sorted())
    }

    /// The figures as they are, or were a moment ago: not older than a second or ten times what they cost, unless `fresh`.
    mutating func summary(fresh: Bool, now: () -> UInt64) -> (summary: Summary, at: UInt64) {
        let started = now()
        if let made, made.changes == changes || !fresh && started &- made.at < max(1_000_000_000, 10 * made.cost) {
            return (made.summary, made.changes == changes ? started : made.at)
        }
        let summary = builder.summary()
        made = (summary, changes, started, now() &- started)
        return (summary, started)
    }
}

/// The symbols of the services and names seen last, by the salted hashes that come with each span.
private struct KnownSymbols: Sendable {
    private struct Entry: Sendable {
        var hash: UInt64 = 0
        var symbol: UInt32 = 0
        var isExact = true
    }
    private static let bits: UInt64 = 10
    private var services = [Entry](repeating: Entry(), count: 1 << Int(bits))
    private var operations = [Entry](repeating: Entry(), count: 1 << Int(bits))

    mutating func service(_ hash: UInt64, _ intern: () -> UInt32) -> UInt32 {
        Self.find(hash, &services) { (intern(), true) }.symbol
    }

    /// And whether the operation is called as the span is.
    mutating func operation(
        _ hash: UInt64, _ intern: () -> (symbol: UInt32, isExact: Bool)
    ) -> (symbol: UInt32, isExact: Bool) {
        Self.find(hash, &operations, intern)
    }

    @inline(__always)
    private static func find(
        _ hash: UInt64, _ entries: inout [Entry], _ intern: () -> (symbol: UInt32, isExact: Bool)
    ) -> (symbol: UInt32, isExact: Bool) {
        let place = Int(truncatingIfNeeded: hash &>> (64 &- bits))
        if entries[place].hash == hash, hash != 0 { return (entries[place].symbol, entries[place].isExact) }
        let (symbol, isExact) = intern()
        // Another text may find room where this one found none.
        if symbol != SymbolTable.other { entries[place] = Entry(hash: hash, symbol: symbol, isExact: isExact) }
        return (symbol, isExact)
    }
}

extension SpanFacts {
    fileprivate var digestPeerKind: SpanDigest.PeerKind {
        switch peerKind {
        case .none: .none
        case .host: .host
        case .queue: .queue
        case .database: .database
        }
    }
}
