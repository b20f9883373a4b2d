import Testing

@testable import Refining

@Suite struct LiteralSearchTests {
    private static let literals = [
        SearchLiteral("password".utf8, ignoresCase: true),
        SearchLiteral("token".utf8, ignoresCase: true, endsWord: true),
        SearchLiteral("key".utf8, ignoresCase: true, endsWord: true), SearchLiteral("@".utf8),
        SearchLiteral("AKIA".utf8),
        SearchLiteral("ab".utf8), SearchLiteral("abc".utf8), SearchLiteral("bca-b".utf8), SearchLiteral("$6$".utf8),
    ]

    /// Found by comparing at each place.
    private func expected(_ text: [UInt8]) -> Set<[Int]> {
        var found: Set<[Int]> = []
        for (name, literal) in Self.literals.enumerated() {
            for start in text.indices where start + literal.bytes.count <= text.count {
                let piece = text[start..<start + literal.bytes.count]
                let isEqual = zip(piece, literal.bytes).allSatisfy {
                    literal.ignoresCase ? ASCII.lowercased($0) == $1 : $0 == $1
                }
                let end = start + literal.bytes.count
                let goesOn = end < text.count && ASCII.isWord(text[end]) && [3, 4, 6, 7].contains(text[end] & 7)
                let isApart =
                    start > 0 && end < text.count && text[start - 1] > 0x20 && text[start - 1] != 0x7F
                    && (0x21...0x7E).contains(text[end])
                if isEqual, !literal.endsWord || !goesOn, !literal.isBetweenWords || isApart {
                    found.insert([name, start])
                }
            }
        }
        return found
    }

    @Test(
        "Each kernel finds each literal at each place, whatever the length, in order, and a few at a time",
        arguments: LiteralSet.Kernel.allCases.filter(\.isSupported))
    func kernels(kernel: LiteralSet.Kernel) {
        let set = LiteralSet(Self.literals)
        let pieces =
            Self.literals.map(\.bytes) + ["PassWord", "tokens", "x", "ab", "\n", "KEY_", "é"].map { Array($0.utf8) }
        var random = SplitMix(state: 42)
        for round in 0..<600 {
            var text: [UInt8] = []
            let count = round % 7 == 0 ? 400 : Int.random(in: 0...14, using: &random)
            for _ in 0..<count { text += pieces[Int.random(in: 0..<pieces.count, using: &random)] }
            var hits: [LiteralSet.Hit] = []
            var position = 0
            while position < text.count { set.find(in: text.span, from: &position, kernel: kernel, into: &hits) }
            #expect(Set(hits.map { [$0.literal, $0.start] }) == expected(text), "round \(round): \(text)")
            #expect(hits.count == Set(hits.map { [$0.literal, $0.start] }).count, "round \(round): found twice")
            #expect(hits.map(\.position) == hits.map(\.position).sorted(), "round \(round)")
        }
    }
}

/// A generator with a seed, so that a failure comes again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
