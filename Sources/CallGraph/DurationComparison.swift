import Summaries

/// How two sets of durations compare.
enum DurationComparison {
    /// By how many standard deviations `left` is slower than `right`: the rank sum test of Mann and Whitney over buckets, ties
    /// counted as such. 0 where one has none.
    static func score(_ left: DurationHistogram, over right: DurationHistogram) -> Double {
        let (mine, others) = (left.buckets, right.buckets)
        var (place, other) = (0, 0)
        var (below, wins, ties, count) = (0.0, 0.0, 0.0, 0.0)
        while place < mine.count || other < others.count {
            let index = min(
                place < mine.count ? mine[place].index : .max, other < others.count ? others[other].index : .max)
            var (here, there) = (0.0, 0.0)
            if place < mine.count, mine[place].index == index {
                here = Double(max(0, mine[place].count))
                place += 1
            }
            if other < others.count, others[other].index == index {
                there = Double(max(0, others[other].count))
                other += 1
            }
            wins += here * (below + there / 2)
            below += there
            count += here
            let tied = here + there
            ties += tied * tied * tied - tied
        }
        let all = count + below
        guard count > 0, below > 0, all > 1 else { return 0 }
        let variance = count * below / 12 * (all + 1 - ties / (all * (all - 1)))
        return variance > 0 ? (wins - count * below / 2) / variance.squareRoot() : 0
    }
}

extension DurationHistogram {
    /// What it would be had all taken a quarter longer.
    var longerByAQuarter: DurationHistogram {
        var indices: [UInt16: Int64] = [:]
        for bucket in buckets {
            let value = DurationBuckets.value(of: bucket.index)
            let longer = value.addingReportingOverflow(value / 4)
            indices[DurationBuckets.index(of: longer.overflow ? .max : longer.partialValue), default: 0] += bucket.count
        }
        return DurationHistogram(counts: indices)
    }
}
