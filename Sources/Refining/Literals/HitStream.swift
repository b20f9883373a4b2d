/// The literals of a message, found a few at a time as they are asked for: however many there are, they take little memory.
struct HitStream {
    private var hits: [LiteralSet.Hit] = []
    private var next = 0
    private var searched = 0

    /// Forgets the last message, and looks for the first literals of this one.
    mutating func begin(_ bytes: Span<UInt8>, _ literals: LiteralSet) {
        searched = 0
        next = 0
        hits.removeAll(keepingCapacity: true)
        fill(bytes, literals)
    }

    /// Where the next literal is; `Int.max` when there is none.
    var position: Int { next < hits.count ? hits[next].position : .max }

    mutating func take(_ bytes: Span<UInt8>, _ literals: LiteralSet) -> LiteralSet.Hit {
        let hit = hits[next]
        next += 1
        if next == hits.count { fill(bytes, literals) }
        return hit
    }

    /// Passes all that are before `position`.
    mutating func skip(to position: Int, _ bytes: Span<UInt8>, _ literals: LiteralSet) {
        while self.position < position { _ = take(bytes, literals) }
    }

    private mutating func fill(_ bytes: Span<UInt8>, _ literals: LiteralSet) {
        hits.removeAll(keepingCapacity: true)
        next = 0
        while hits.isEmpty, searched < bytes.count { literals.find(in: bytes, from: &searched, into: &hits) }
    }
}
