import Summaries
import Testing

@testable import CallGraph

@Suite("Tests for what chance explains")
struct ComparisonTests {
    @Test(
        "Fisher's exact test, one-sided",
        arguments: [
            // The lady tasting tea: 4 of 4 right, and 3 of 4.
            (4, 4, 0, 4, 1.0 / 70), (3, 4, 1, 4, 17.0 / 70),
            // All of the hits on the left.
            (5, 10, 0, 10, 252.0 / 15504), (1, 1, 0, 99, 0.01),
            // Less on the left, none at all, only hits.
            (1, 10, 5, 10, 1), (0, 10, 0, 10, 1), (10, 10, 10, 10, 1),
        ] as [(Int64, Int64, Int64, Int64, Double)])
    func fisher(hits: Int64, count: Int64, otherHits: Int64, otherCount: Int64, chance: Double) {
        let found = ShareComparison.chance(
            ShareComparison.Part(hits: hits, count: count),
            over: ShareComparison.Part(hits: otherHits, count: otherCount))
        #expect(abs(found - chance) < 1e-9)
    }

    @Test("Counts of a billion are compared at once")
    func large() {
        func part(_ hits: Int64) -> ShareComparison.Part { .init(hits: hits, count: 1_000_000_000) }
        #expect(ShareComparison.chance(part(500_000_000), over: part(499_000_000)) < 1e-100)
        #expect(ShareComparison.chance(part(500_000_001), over: part(500_000_000)) > 0.1)
    }

    @Test("The rank sum test")
    func rankSum() {
        func histogram(_ durations: [UInt64]) -> DurationHistogram { figures(durations).durations }
        let low = histogram(Array(1...20))
        let high = histogram(Array(31...50))
        // 20 by 20, all higher: 200 over the mean, and a variance of 400 * 41 / 12.
        let expected = 200 / (400.0 * 41 / 12).squareRoot()
        #expect(abs(DurationComparison.score(high, over: low) - expected) < 1e-9)
        #expect(abs(DurationComparison.score(low, over: high) + expected) < 1e-9)
        #expect(DurationComparison.score(low, over: low) == 0)
        #expect(DurationComparison.score(histogram([]), over: low) == 0)
        #expect(DurationComparison.score(histogram([5, 5, 5]), over: histogram([5, 5])) == 0)
        // Ranks 1, 2.5, 2.5, 4 with one tie: wins 3.5 of 4.
        let tied = DurationComparison.score(histogram([2, 3]), over: histogram([1, 2]))
        #expect(abs(tied - 1.5 / (4.0 / 12 * (5 - 6.0 / 12)).squareRoot()) < 1e-9)
    }
}
