import Glibc

/// Whether one share is larger than another by more than chance and by enough to matter.
struct ShareComparison {
    /// Of `count`, so many have what is looked at.
    struct Part {
        var hits: Int64
        var count: Int64

        var share: Double { count > 0 ? Double(hits) / Double(count) : 0 }
    }

    /// How likely it is, were both shares the same, that as many of the hits or more fall on `left`: Fisher's exact test, one-sided.
    static func chance(_ left: Part, over right: Part) -> Double {
        let hits = left.hits + right.hits
        guard left.count > 0, right.count > 0, left.hits > 0, hits < left.count + right.count else { return 1 }
        guard left.share > right.share else { return 1 }
        let all = logChoose(left.count + right.count, hits)
        var term = exp(logChoose(left.count, left.hits) + logChoose(right.count, right.hits) - all)
        var sum = term
        // Terms fall from the first, as it lies beyond the mean.
        for more in left.hits..<min(left.count, hits) {
            let taken = Double(left.count - more) * Double(hits - more)
            term *= taken / (Double(more + 1) * Double(right.count - hits + more + 1))
            sum += term
            if term <= sum * 1e-9 { break }
        }
        return min(1, sum)
    }

    private static func logChoose(_ count: Int64, _ chosen: Int64) -> Double {
        lgamma(Double(count) + 1) - lgamma(Double(chosen) + 1) - lgamma(Double(count - chosen) + 1)
    }
}
