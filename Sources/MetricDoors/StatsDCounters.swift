package import SelfTelemetry

/// What became of the lines of the StatsD door. May be used from any thread.
package final class StatsDCounters: Sendable {
    let taken: Counter
    let overflowed: Counter
    let dropped: Counter
    let kernelDrops: Counter
    let series: Gauge
    private let refused: [StatsDFault: Counter]

    package init(program: String, registry: MetricRegistry) {
        func lines(_ outcome: String) -> Counter {
            registry.counter(
                "\(program)_statsd_lines_total",
                help: "StatsD lines by outcome; overflowed: gathered without tags, dropped: too many metrics.",
                labels: ["outcome": outcome])
        }
        (taken, overflowed, dropped) = (lines("taken"), lines("overflowed"), lines("dropped"))
        kernelDrops = registry.counter(
            "\(program)_statsd_kernel_drops_total",
            help: "StatsD datagrams that the kernel dropped because the buffer was full.")
        series = registry.gauge("\(program)_statsd_series", help: "Series in the window that is open.")
        refused = Dictionary(
            uniqueKeysWithValues: StatsDFault.allCases.map { fault in
                let counter = registry.counter(
                    "\(program)_statsd_refused_lines_total", help: "Lines that are no StatsD, by reason.",
                    labels: ["reason": fault.rawValue])
                return (fault, counter)
            })
    }

    func countRefused(_ fault: StatsDFault) { refused[fault]?.add() }
}
