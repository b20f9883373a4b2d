/// Finds a span's place among the held ones by trace and span id.
///
/// Spans of one trace arrive together, so the first eight of a trace are in one cache line of entries, which is filled in order;
/// only when that is full a span's own hash tells the next line. Nothing is ever removed: a line with a free entry was never full.
struct SpanIndex: Sendable {
    /// Half of the hash above, the place plus one below; 0 is free. A power of two, at most five eighths full.
    private var entries: [UInt64]
    private var count = 0
    /// Drawn for each index, so that nobody outside can choose ids that collide.
    private let seed = UInt64.random(in: .min ... .max)
    private static let line = 8

    init(expecting expected: Int = 0) {
        var size = 1024
        while size * 5 / 8 < expected { size *= 2 }
        entries = Array(repeating: 0, count: size)
    }

    func find(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, in spans: [HeldSpan]) -> Int? {
        let search = search(traceHigh, traceLow, spanID, spans)
        return search.found ? search.place : nil
    }

    /// The place of the span, or nil after entering it as the next one of `spans`, where the caller appends it.
    mutating func findOrEnter(_ digest: SpanDigest, in spans: [HeldSpan]) -> Int? {
        if (count + 1) * 8 > entries.count * 5 { grow(spans) }
        let search = search(digest.traceHigh, digest.traceLow, digest.spanID, spans)
        if search.found { return search.place }
        entries[search.place] = search.tag | UInt64(spans.count + 1)
        count += 1
        return nil
    }

    /// Where the span is among `spans`, or else the free entry for it.
    @inline(__always)
    private func search(
        _ traceHigh: UInt64, _ traceLow: UInt64, _ spanID: UInt64, _ spans: [HeldSpan]
    ) -> (found: Bool, place: Int, tag: UInt64) {
        let trace = TextHash.mix(traceLow ^ seed, traceHigh ^ 0x9E37_79B9_7F4A_7C15)
        let hash = TextHash.mix(trace ^ spanID, seed ^ 0xA076_1D64_78BD_642F)
        let tag = hash & 0xFFFF_FFFF_0000_0000
        let lines = (entries.count - 1) & ~(Self.line - 1)
        var begin = Int(truncatingIfNeeded: trace) & lines
        var next = Int(truncatingIfNeeded: hash << 3) & lines
        return entries.withUnsafeBufferPointer { entries in
            // Lines are within the entries by the mask, and entries hold places of spans.
            while true {
                for place in begin..<(begin + Self.line) {
                    let entry = entries[place]
                    if entry == 0 { return (false, place, tag) }
                    guard entry & 0xFFFF_FFFF_0000_0000 == tag else { continue }
                    let index = Int(entry & 0xFFFF_FFFF) - 1
                    if isSpan(index, spans, traceHigh, traceLow, spanID) { return (true, index, tag) }
                }
                begin = next
                next = (next + Self.line) & lines
            }
        }
    }

    @inline(__always)
    private func isSpan(
        _ index: Int, _ spans: [HeldSpan], _ traceHigh: UInt64, _ traceLow: UInt64, _ spanID: UInt64
    ) -> Bool {
        spans[index].span.spanID == spanID && spans[index].span.traceLow == traceLow
            && spans[index].span.traceHigh == traceHigh
    }

    private mutating func grow(_ spans: [HeldSpan]) {
        entries = Array(repeating: 0, count: entries.count * 2)
        for (index, held) in spans.enumerated() {
            let span = held.span
            let search = search(span.traceHigh, span.traceLow, span.spanID, spans)
            entries[search.place] = search.tag | UInt64(index + 1)
        }
    }
}
