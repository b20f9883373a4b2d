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

    /// - Parameter expectedSpans: spares the tables from growing.
    init(expectedSpans: Int = 0) { builder = SummaryBuilder(expectedSpans: expectedSpans) }

    mutating func finishFrame() { frames += 1 }

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
        let operation = known.operation(facts.nameHash) {
            builder.symbols.operation(ofName: facts.name.bindMemory(to: UInt8.self).span)
        }
        var peer = SymbolTable.none
        // Only who calls has somebody to call.
        if facts.peerKind != .none, facts.kind == 3 || facts.kind == 4 {
            peer = builder.symbols.intern(Self.shortened(facts.peer).bindMemory(to: UInt8.self).span)
        }
        return SpanDigest(
            trace: TraceID(high: facts.traceHigh, low: facts.traceLow), spanID: facts.spanID, parentID: facts.parentID,
            start: facts.start, end: facts.end, service: service, operation: operation, kind: facts.kind,
            isError: facts.status == 2, peer: peer, peerKind: peer == SymbolTable.none ? .none : facts.digestPeerKind,
            contentHash: facts.contentHash)
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
    }
    private static let bits: UInt64 = 10
    private var services = [Entry](repeating: Entry(), count: 1 << Int(bits))
    private var operations = [Entry](repeating: Entry(), count: 1 << Int(bits))

    mutating func service(_ hash: UInt64, _ intern: () -> UInt32) -> UInt32 { Self.find(hash, &services, intern) }
    mutating func operation(_ hash: UInt64, _ intern: () -> UInt32) -> UInt32 { Self.find(hash, &operations, intern) }

    @inline(__always)
    private static func find(_ hash: UInt64, _ entries: inout [Entry], _ intern: () -> UInt32) -> UInt32 {
        let place = Int(truncatingIfNeeded: hash &>> (64 &- bits))
        if entries[place].hash == hash, hash != 0 { return entries[place].symbol }
        let symbol = intern()
        // Another text may find room where this one found none.
        if symbol != SymbolTable.other { entries[place] = Entry(hash: hash, symbol: symbol) }
        return symbol
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
