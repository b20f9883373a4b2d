/// How hot a span is, in five steps.
///
/// With history the step is the span's percentile rank: the share of the spans of its service and operation in the hour before
/// that were faster. So what is slow as always stays cool, and what is slower than usual is hot.
///
/// Without history the step is the span's share of the critical path: the time for which the whole trace waited for this
/// very span and for nothing below it, divided by the length of the path. A parent that only waits for its children stays
/// cool however long it is, so the hot bar is the span to look at.
package enum LatencyStep: UInt8, CaseIterable, Sendable, Comparable {
    case negligible = 0
    case small = 1
    case noticeable = 2
    case large = 3
    case dominant = 4

    /// The smallest share of the critical path, in per cent, that belongs to each step.
    package var lowestPercent: UInt64 {
        switch self {
        case .negligible: 0
        case .small: 5
        case .noticeable: 15
        case .large: 30
        case .dominant: 50
        }
    }

    package static func < (left: LatencyStep, right: LatencyStep) -> Bool { left.rawValue < right.rawValue }

    /// The step of a span that holds `part` of a critical path of length `whole`. Exact for every pair of numbers.
    package init(part: UInt64, whole: UInt64) {
        guard whole > 0, part > 0 else {
            self = .negligible
            return
        }
        let share = part.multipliedFullWidth(by: 100)
        for step in LatencyStep.allCases.reversed() {
            let bound = whole.multipliedFullWidth(by: step.lowestPercent)
            if (share.high, share.low) >= (bound.high, bound.low) {
                self = step
                return
            }
        }
        self = .negligible
    }

    /// The smallest rank, in ten-thousandths, that belongs to each step.
    package var lowestRank: UInt16 {
        switch self {
        case .negligible: 0
        case .small: 5000
        case .noticeable: 7500
        case .large: 9000
        case .dominant: 9900
        }
    }

    /// - Parameter rank: as `RankTable` gives it.
    package init(rank: UInt16) { self = LatencyStep.allCases.last { rank >= $0.lowestRank } ?? .negligible }
}
