/// How long spans of one operation took in the hour before: what a span's rank among them is read from.
package struct RankTable: Equatable, Sendable {
    /// A group of spans that took about the same time.
    package struct Group: Equatable, Sendable {
        /// Where the group begins; it ends before `upper`.
        package var lower: UInt64
        package var upper: UInt64
        package var count: UInt64

        package init(lower: UInt64, upper: UInt64, count: UInt64) {
            self.lower = lower
            self.upper = upper
            self.count = count
        }
    }

    /// By rising duration.
    private let lowers: [UInt64]
    private let uppers: [UInt64]
    private let counts: [UInt64]
    /// Spans in the groups before each.
    private let below: [UInt64]
    package let total: UInt64

    /// Fewer spans are no history.
    package static let fewest: UInt64 = 30

    /// Nil where the groups hold fewer than `fewest` spans. The groups do not overlap.
    package init?(_ groups: [Group]) {
        let sorted = groups.filter { $0.count > 0 }.sorted { $0.lower < $1.lower }
        total = sorted.reduce(0) { $0 &+ $1.count }
        guard total >= Self.fewest else { return nil }
        lowers = sorted.map(\.lower)
        uppers = sorted.map(\.upper)
        counts = sorted.map(\.count)
        var sum: UInt64 = 0
        below = sorted.map { group in
            defer { sum &+= group.count }
            return sum
        }
    }

    /// The share of the spans that were faster, in ten-thousandths; those of the same group count as half.
    package func rank(of duration: UInt64) -> UInt16 {
        var (low, high) = (0, lowers.count)
        while low < high {
            let middle = (low + high) / 2
            if lowers[middle] <= duration { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        let group = low - 1
        let faster =
            duration < uppers[group] ? 2 &* below[group] &+ counts[group] : 2 &* (below[group] &+ counts[group])
        let product = faster.multipliedFullWidth(by: 10_000)
        return UInt16(clamping: (2 &* total).dividingFullWidth((product.high, product.low)).quotient)
    }
}
