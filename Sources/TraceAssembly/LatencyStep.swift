/// How much of the waiting one span is to blame for, in five steps from cool to hot.
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
}
