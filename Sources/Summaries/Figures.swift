/// Sums over spans: how many, how many failed, and how long they took. Additions wrap, so that the order of them never matters.
package struct Figures: Sendable, Equatable {
    package internal(set) var errors: Int64 = 0
    /// Nanoseconds.
    package internal(set) var durationSum: Int128 = 0
    package internal(set) var durations = DurationHistogram()
    var exemplars = Exemplars()

    package init() {}

    /// Without exemplars.
    package init(errors: Int64, durationSum: Int128, durations: DurationHistogram) {
        (self.errors, self.durationSum, self.durations) = (errors, durationSum, durations)
    }

    package var count: Int64 { durations.count }
    /// Of all copies that were received, also those that another took the place of. Calls have none.
    package var slowest: Exemplar? { exemplars.slowest == .none ? nil : exemplars.slowest }
    package var slowestFailed: Exemplar? { exemplars.failed == .none ? nil : exemplars.failed }

    /// Nothing is left of a row that is zero. One with exemplars stays: that there was such a span is never taken back.
    var isZero: Bool { errors == 0 && durationSum == 0 && durations.buckets.isEmpty && exemplars.isNone }

    package mutating func merge(_ other: Figures) {
        errors &+= other.errors
        durationSum &+= other.durationSum
        durations.merge(other.durations)
        exemplars.merge(other.exemplars)
    }
}
