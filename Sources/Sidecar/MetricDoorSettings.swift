import Configuration
import MetricDoors

/// What the doors for metrics in other dialects than OTLP are set up with; the initial values are the defaults.
struct MetricDoorSettings: Sendable {
    var statsD: NetworkAddress? = NetworkAddress("127.0.0.1:8125")
    var statsDInterval = Duration.seconds(10)
    var statsDMaxSeries = 10_000
    var statsDNegativeGauges = StatsDWindow.NegativeGauges.auto
    var push: NetworkAddress? = NetworkAddress("127.0.0.1:8009")
    var scrapeTargets: [ScrapeTarget] = []
    var scrapeInterval = Duration.seconds(15)
    var scrapeTimeout = Duration.seconds(1)
    var scrapeMaxBytes = 4 << 20
    var scrapeMaxSeries = 10_000

    /// Of the section that other doors are in too.
    static let receiveKeys: [SettingKey<SidecarSettings>] = [
        SettingKey(
            "receive.statsd", \SidecarSettings.metricDoors.statsD,
            SettingType.listenAddress.orNone(writtenAs: "off"),
            why: "StatsD and DogStatsD lines over UDP, without acknowledgement."),
        SettingKey(
            "receive.push", \SidecarSettings.metricDoors.push, SettingType.listenAddress.orNone(writtenAs: "off"),
            why: "POST /metrics and /ingest take metrics as JSON; GET /metrics shows them to a Prometheus."),
    ]

    static let keys: [SettingKey<SidecarSettings>] = [
        SettingKey(
            "statsd.interval", \SidecarSettings.metricDoors.statsDInterval,
            .duration(in: .seconds(1) ... .seconds(300)),
            why: "Lines are gathered for so long before they go on; windows begin at whole multiples."),
        SettingKey(
            "statsd.max_series", \SidecarSettings.metricDoors.statsDMaxSeries, .integer(in: 1...1_000_000),
            why: "Series in one window; further ones are gathered without their tags."),
        SettingKey(
            "statsd.negative_gauges", \SidecarSettings.metricDoors.statsDNegativeGauges, .word,
            why:
                "What 'x:-2|g' means: StatsD lowers by 2 (delta), DogStatsD sets -2; auto tells by the line's other fields."
        ),
        SettingKey(
            "scrape.targets", \SidecarSettings.metricDoors.scrapeTargets, SettingType.scrapeTarget.list(count: 0...64),
            why:
                "Prometheus targets to read, such as 127.0.0.1:9102 or http://127.0.0.1:9102/metrics;interval=60s;job=pay."
        ),
        SettingKey(
            "scrape.interval", \SidecarSettings.metricDoors.scrapeInterval,
            .duration(in: .seconds(1) ... .seconds(86_400)), why: "How often each target is read."),
        SettingKey(
            "scrape.timeout", \SidecarSettings.metricDoors.scrapeTimeout,
            .duration(in: .milliseconds(10) ... .seconds(60)),
            why: "A target that has not answered for so long counts as down."),
        SettingKey(
            "scrape.max_bytes", \SidecarSettings.metricDoors.scrapeMaxBytes, .size(in: 1 << 10...64 << 20),
            why: "What one target may expose; over it nothing of it is taken."),
        SettingKey(
            "scrape.max_series", \SidecarSettings.metricDoors.scrapeMaxSeries, .integer(in: 1...1_000_000),
            why: "Samples that one target may expose; over it nothing of it is taken."),
    ]
}

extension SettingType where Value == ScrapeTarget {
    fileprivate static var scrapeTarget: Self {
        Self(
            expected:
                "a target such as 127.0.0.1:9102 or http://127.0.0.1:9102/metrics;interval=60s;timeout=1s;job=pay",
            parse: { text in ScrapeTarget(text) { DurationText.parse($0) } }, format: { $0.text })
    }
}
