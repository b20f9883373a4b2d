import CLiteralSearch

/// Divides literals among the buckets of the search, so that few bytes of ordinary telemetry pass the first comparison: those
/// that look alike come together, since a bucket's sets of bytes are all combinations of its literals' bytes.
struct LiteralBuckets {
    private(set) var tables = hms_literal_tables()
    private(set) var literals: [hms_literal] = []
    private(set) var names: [Int] = []

    private static let width = Int(HMS_FINGERPRINT)

    /// Where in the sample each half of each place is let through.
    private struct Sight {
        private var lows = InlineArray<5, ByteSample.Places>(repeating: .zero)
        private var highs = InlineArray<5, ByteSample.Places>(repeating: .zero)

        init() {}

        init(_ low: [UInt16], _ high: [UInt16]) {
            for place in 0..<width {
                for half in 0..<16 {
                    if low[place] & 1 << UInt16(half) != 0 { lows[place] |= ByteSample.places(low: half, at: place) }
                    if high[place] & 1 << UInt16(half) != 0 { highs[place] |= ByteSample.places(high: half, at: place) }
                }
            }
        }

        mutating func formUnion(_ other: Sight) {
            for place in 0..<width {
                lows[place] |= other.lows[place]
                highs[place] |= other.highs[place]
            }
        }

        /// At how many places of the sample something is left over by both together.
        func count(with other: Sight) -> Int {
            var places = (lows[0] | other.lows[0]) & (highs[0] | other.highs[0])
            for place in 1..<width { places &= (lows[place] | other.lows[place]) & (highs[place] | other.highs[place]) }
            // Few are: words without one are passed over.
            var count = 0
            for word in 0..<places.scalarCount where places[word] != 0 { count += places[word].nonzeroBitCount }
            return count
        }
    }

    /// A class, as there are several for each literal and each is large.
    private final class Fingerprint {
        let name: Int
        let literal: SearchLiteral
        let anchor: Int
        /// Halves of bytes at each place.
        let lows: [UInt16]
        let highs: [UInt16]
        let sight: Sight

        init(_ name: Int, _ literal: SearchLiteral, anchor: Int) {
            self.name = name
            self.literal = literal
            self.anchor = anchor
            var lows = [UInt16](repeating: 0, count: width)
            var highs = lows
            for place in 0..<width {
                for byte in literal.alternatives(at: anchor + place) {
                    lows[place] |= 1 << UInt16(byte & 15)
                    highs[place] |= 1 << UInt16(byte >> 4)
                }
            }
            self.lows = lows
            self.highs = highs
            sight = Sight(lows, highs)
        }

        /// One for each place in the literal where it may begin.
        static func all(_ name: Int, _ literal: SearchLiteral) -> [Fingerprint] {
            (0...max(0, literal.bytes.count - 4)).map { Fingerprint(name, literal, anchor: $0) }
        }
    }

    /// All combinations of the halves of bytes that its members have are let through, at each place.
    private struct Bucket {
        var lows = [UInt16](repeating: 0, count: width)
        var highs = [UInt16](repeating: 0, count: width)
        var members: [Fingerprint] = []

        private var sight = Sight()
        private(set) var count = 0

        mutating func add(_ member: Fingerprint) {
            members.append(member)
            include(member)
            count = sight.count(with: sight)
        }

        private mutating func include(_ member: Fingerprint) {
            for place in 0..<width {
                lows[place] |= member.lows[place]
                highs[place] |= member.highs[place]
            }
            sight.formUnion(member.sight)
        }

        mutating func remove(_ name: Int) {
            guard let index = members.firstIndex(where: { $0.name == name }) else { return }
            members.remove(at: index)
            for place in 0..<width { (lows[place], highs[place]) = (0, 0) }
            sight = Sight()
            for member in members { include(member) }
            count = sight.count(with: sight)
        }

        func count(with member: Fingerprint) -> Int {
            sight.count(with: member.sight)
        }

        func allows(_ byte: UInt8, at place: Int) -> Bool {
            lows[place] & 1 << UInt16(byte & 15) != 0 && highs[place] & 1 << UInt16(byte >> 4) != 0
        }
    }

    /// Buckets that take literals shorter than a fingerprint, which let any byte stand behind them. Measured: with seven or
    /// eight the search takes half as long again.
    private static let bucketsForShortOnes = 6

    init(_ list: [SearchLiteral]) {
        // The shortest are the hardest to place, and choose first.
        let choices = list.enumerated().map(Fingerprint.all).sorted { left, right in
            (left[0].literal.bytes.count, left[0].name) < (right[0].literal.bytes.count, right[0].name)
        }
        let buckets = Self.arranged(choices)
        expectedShare = Double(buckets.reduce(0) { $0 + $1.count }) / Double(ByteSample.count)
        for (index, bucket) in buckets.enumerated() { write(bucket, UInt8(index)) }
    }

    /// Of bytes at which something is left over by the first comparison, in telemetry as `ByteSample` has it.
    let expectedShare: Double

    /// Each literal chooses the bucket, and the place where its fingerprint begins, that let the fewest other bytes through;
    /// then, knowing the others, twice more.
    private static func arranged(_ choices: [[Fingerprint]]) -> [Bucket] {
        var buckets = [Bucket](repeating: Bucket(), count: Int(HMS_BUCKETS))
        for round in 0..<3 {
            for alternatives in choices {
                let literal = alternatives[0].literal
                if round > 0 { for index in buckets.indices { buckets[index].remove(alternatives[0].name) } }
                var best: (bucket: Int, fingerprint: Fingerprint, increase: Int)?
                for index in 0..<(literal.bytes.count < width ? bucketsForShortOnes : buckets.count) {
                    let (count, members) = (buckets[index].count, buckets[index].members.count)
                    for fingerprint in alternatives {
                        // A literal more in a bucket is one more to compare.
                        let increase = (buckets[index].count(with: fingerprint) - count) * 16 + members
                        if best.map({ increase < $0.increase }) ?? true { best = (index, fingerprint, increase) }
                    }
                }
                if let best { buckets[best.bucket].add(best.fingerprint) }
            }
        }
        return buckets
    }

    private mutating func write(_ bucket: Bucket, _ index: UInt8) {
        withUnsafeMutableBytes(of: &tables.first) { first in
            let first = first.assumingMemoryBound(to: UInt32.self)
            first[Int(index)] = UInt32(literals.count)
            first[Int(index) + 1] = UInt32(literals.count + bucket.members.count)
        }
        for member in bucket.members {
            literals.append(Self.encoded(member, bucket: index))
            names.append(member.name)
            filter(member)
        }
        guard !bucket.members.isEmpty else { return }
        for place in 0..<Int(HMS_FINGERPRINT) {
            withUnsafeMutableBytes(of: &tables.low) { low in
                for half in 0..<16 where bucket.lows[place] & 1 << UInt16(half) != 0 {
                    low[place * 16 + half] |= 1 << index
                }
            }
            withUnsafeMutableBytes(of: &tables.high) { high in
                for half in 0..<16 where bucket.highs[place] & 1 << UInt16(half) != 0 {
                    high[place * 16 + half] |= 1 << index
                }
            }
            withUnsafeMutableBytes(of: &tables.places) { places in
                let places = places.assumingMemoryBound(to: UInt64.self)
                for byte in UInt8.min...UInt8.max where bucket.allows(byte, at: place) {
                    places[Int(byte)] |= 1 << (UInt64(place) * 8 + UInt64(index))
                }
            }
        }
    }

    /// Notes the fingerprint in the second filter, small letters as the search makes them.
    private mutating func filter(_ member: Fingerprint) {
        let bytes = member.literal.bytes.dropFirst(member.anchor).prefix(4)
        guard bytes.count >= 3 else {
            withUnsafeMutableBytes(of: &tables.shorter) { shorter in
                for byte in member.literal.alternatives(at: member.anchor) { shorter[Int(byte) / 8] |= 1 << (byte & 7) }
            }
            return
        }
        let word = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1 | 0x20) }
        if bytes.count == 3 { hms_note_three(&tables, word) } else { hms_note_four(&tables, word) }
    }

    private static func encoded(_ member: Fingerprint, bucket: UInt8) -> hms_literal {
        var literal = hms_literal()
        for (place, byte) in member.literal.bytes.enumerated() {
            let shift = UInt64(place) * 8
            literal.value |= UInt64(byte) << shift
            literal.mask |= 0xFF << shift
            // Sets the bit that makes a letter small; others that the bit would change are told apart by the value.
            if member.literal.ignoresCase, ASCII.isLetter(byte) { literal.fold |= 0x20 << shift }
        }
        literal.length = UInt8(member.literal.bytes.count)
        literal.anchor = UInt8(member.anchor)
        literal.ends_word = member.literal.endsWord ? 1 : 0
        literal.between_words = member.literal.isBetweenWords ? 1 : 0
        literal.bucket = bucket
        return literal
    }
}
