/// Finds a span's place in an array of digests by trace and span id.
struct SpanIndex: Sendable {
    /// Half of the hash above, the place plus one below; 0 is free. A power of two, at most five eighths full.
    private var entries: [UInt64] = Array(repeating: 0, count: 1024)
    private var count = 0
    /// Drawn for each index, so that nobody outside can choose ids that collide.
    private let seed = UInt64.random(in: .min ... .max)

    init(expecting expected: Int = 0) {
        var size = 1024
        while size * 5 / 8 < expected { size *= 2 }
        entries = Array(repeating: 0, count: size)
    }

    @inline(__always)
    private func hash(_ traceHigh: UInt64, _ traceLow: UInt64, _ spanID: UInt64) -> UInt64 {
        TextHash.mix(
            TextHash.mix(traceLow ^ seed, traceHigh ^ 0x9E37_79B9_7F4A_7C15) ^ spanID, seed ^ 0xA076_1D64_78BD_642F)
    }

    @inline(__always)
    func find(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, in spans: [SpanDigest]) -> Int? {
        let hash = hash(traceHigh, traceLow, spanID)
        var place = Int(truncatingIfNeeded: hash) & (entries.count - 1)
        while true {
            let entry = entries[place]
            if entry == 0 { return nil }
            if entry >> 32 == hash >> 32 {
                let index = Int(entry & 0xFFFF_FFFF) - 1
                if spans[index].spanID == spanID, spans[index].traceLow == traceLow, spans[index].traceHigh == traceHigh
                {
                    return index
                }
            }
            place = (place + 1) & (entries.count - 1)
        }
    }

    /// The place of the span, or nil after entering it as the next one of `spans`, where the caller appends it.
    @inline(__always)
    mutating func findOrEnter(_ digest: SpanDigest, in spans: [SpanDigest]) -> Int? {
        if (count + 1) * 8 > entries.count * 5 { grow(spans) }
        let hash = hash(digest.traceHigh, digest.traceLow, digest.spanID)
        var place = Int(truncatingIfNeeded: hash) & (entries.count - 1)
        while true {
            let entry = entries[place]
            if entry == 0 { break }
            if entry >> 32 == hash >> 32 {
                let index = Int(entry & 0xFFFF_FFFF) - 1
                if spans[index].spanID == digest.spanID, spans[index].traceLow == digest.traceLow,
                    spans[index].traceHigh == digest.traceHigh
                {
                    return index
                }
            }
            place = (place + 1) & (entries.count - 1)
        }
        entries[place] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(spans.count + 1)
        count += 1
        return nil
    }

    private mutating func grow(_ spans: [SpanDigest]) {
        entries = Array(repeating: 0, count: entries.count * 2)
        for (index, span) in spans.enumerated() {
            let hash = hash(span.traceHigh, span.traceLow, span.spanID)
            var place = Int(truncatingIfNeeded: hash) & (entries.count - 1)
            while entries[place] != 0 { place = (place + 1) & (entries.count - 1) }
            entries[place] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
        }
    }
}
