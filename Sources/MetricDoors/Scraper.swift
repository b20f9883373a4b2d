package import EventLoop
package import HTTP
package import Receiving
package import SelfTelemetry

/// Scrapes its targets, each at its own time within the interval and with a connection of its own, so that a slow or dead one keeps
/// nobody waiting. Lives on one loop.
package final class Scraper {
    package struct Options: Sendable {
        package var interval = Duration.seconds(15)
        package var timeout = Duration.seconds(1)
        /// Of one answer, packed and unpacked.
        package var maxBytes = 4 << 20
        /// Of one answer.
        package var maxSeries = 10_000
        /// What is remembered of all targets.
        package var memory = ByteBudget(limit: 8 << 20)
        /// Of all answers that are being received.
        package var answers = ByteBudget(limit: 8 << 20)
        package init() {}
    }

    /// A target whose name has been looked up; nil where that failed.
    package typealias Resolved = (target: ScrapeTarget, endpoint: HTTPEndpoint?)

    private let tasks: [ScrapeTask]
    private let queue: DeliveryQueue

    /// - Parameter random: gives 64 uniform bits for the jitter.
    package init(
        loop: EventLoop, targets: [Resolved], sink: any TelemetrySink, ingest: IngestCounters, log: Log,
        options: Options = Options(), clock: @escaping () -> UInt64 = wallClockNanoseconds,
        random: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        let queue = DeliveryQueue(loop: loop, sink: sink, ingest: ingest, log: log, what: "scrape")
        self.queue = queue
        tasks = targets.enumerated().map { place, resolved in
            let task = ScrapeTask(
                loop: loop, target: resolved.target, endpoint: resolved.endpoint, queue: queue, ingest: ingest,
                log: log,
                options: options, clock: clock)
            // Evenly over the interval, and within each share by chance, so that many sidecars do not fall into step.
            let share = task.interval.nanosecondsClamped / UInt64(targets.count)
            let offset = share * UInt64(place) + share.multipliedFullWidth(by: random()).high
            task.start(after: .nanoseconds(Int64(clamping: offset)))
            return task
        }
    }

    /// Ends what is on the way; what was scraped already is handed on.
    package func close() {
        for task in tasks { task.close() }
        queue.drain()
    }
}
