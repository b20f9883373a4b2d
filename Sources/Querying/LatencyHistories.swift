import Files
import SegmentStore
package import Summaries

/// Histories by the minute in which they end, made on a thread of their own: figures of a segment that was never summed up take
/// seconds, and nobody waits for colours so long. Any thread.
package final class LatencyHistories: Sendable {
    private struct Book: Sendable {
        var known: [UInt64: (history: LatencyHistory?, at: UInt64)] = [:]
        /// Minutes that are to be made, the one that is being made among them.
        var wanted: [UInt64] = []
        var isWorking = false
    }
    private let book = Monitor(Book())
    private let patience: UInt64
    private let figures: @Sendable (SummaryFilter) throws -> Summary

    private static let maximumKnown = 16
    private static let maximumWanted = 16
    /// Late spans still change the figures of an hour; after this it is made anew.
    private static let shelfLife: UInt64 = 60_000_000_000

    /// - Parameter patience: nanoseconds for which somebody waits for a history that is not at hand.
    package init(
        patience: UInt64 = 150_000_000, figures: @escaping @Sendable (SummaryFilter) throws -> Summary
    ) {
        self.patience = patience
        self.figures = figures
    }

    /// What is at hand, or becomes so while somebody waits; `isPending` when it will be there later.
    func history(endingIn minute: UInt64, waits: Bool = true) -> (history: LatencyHistory?, isPending: Bool) {
        let (known, mustStart) = book.withLock { book -> ((history: LatencyHistory?, at: UInt64)?, Bool) in
            let known = book.known[minute]
            let isGood = known.map { StoreClock.system.monotonic() &- $0.at < Self.shelfLife } ?? false
            guard !isGood, !book.wanted.contains(minute), book.wanted.count < Self.maximumWanted else {
                return (known, false)
            }
            book.wanted.append(minute)
            defer { book.isWorking = true }
            return (known, !book.isWorking)
        }
        if mustStart, (try? WorkerThread(name: "history", isPatient: true, { [self] in work() })) == nil {
            book.withLock { book in
                book.wanted = []
                book.isWorking = false
            }
            return (known?.history, false)
        }
        if let known { return (known.history, false) }
        guard waits else { return (nil, true) }
        let made = book.wait(atMost: patience) { book in book.known[minute] }
        return (made?.history, made == nil)
    }

    private func work() {
        while let minute = book.withLock({ book in
            if book.wanted.isEmpty { book.isWorking = false }
            return book.wanted.first
        }) {
            let filter = LatencyHistory.filter(before: minute)
            let history = (try? figures(filter)).map { LatencyHistory($0, filter) }
            book.update { book in
                book.wanted.removeFirst()
                if book.known.count >= Self.maximumKnown, book.known[minute] == nil,
                    let oldest = book.known.min(by: { $0.value.at < $1.value.at })?.key
                {
                    book.known.removeValue(forKey: oldest)
                }
                book.known[minute] = (history, StoreClock.system.monotonic())
            }
        }
    }
}
