/// Turns what a target exposes into OTLP's cumulative metrics, and remembers of each counting series since when it counts and how
/// far it was, to notice that it began anew. A value; the time is told.
package struct ScrapeMemory {
    private struct Count {
        var start: UInt64
        var time: UInt64
        var value: Double
    }

    /// By the hash of name and sorted labels, as the texts would take many times as much. Only what the last scrape showed is kept.
    private var counts: [Int: Count] = [:]
    /// Of one series.
    package static let seriesBytes = 64

    package init() {}

    package var seriesCount: Int { counts.count }

    /// - Parameter now: when the answer was asked for, in nanoseconds since 1970.
    package mutating func families(_ exposition: Exposition, now: UInt64) -> [MetricFamily] {
        var conversion = Conversion(before: counts, now: now)
        conversion.processStart = Self.processStart(exposition, now)
        let families = exposition.families.flatMap { conversion.families(of: $0) }
        counts = conversion.counts
        return families
    }

    /// What most client libraries tell about their process.
    private static func processStart(_ exposition: Exposition, _ now: UInt64) -> UInt64? {
        exposition.families.first { $0.name == "process_start_time_seconds" }?.samples.first.flatMap {
            time(ofSeconds: $0.value, now)
        }
    }

    /// Nil for what cannot be the start of anything that is there now.
    private static func time(ofSeconds value: Double, _ now: UInt64) -> UInt64? {
        guard value.isFinite, value > 0, value * 1e9 < Double(now) else { return nil }
        return UInt64(value * 1e9)
    }

    /// One scrape.
    private struct Conversion {
        let before: [Int: Count]
        let now: UInt64
        var processStart: UInt64?
        var counts: [Int: Count] = [:]

        init(before: [Int: Count], now: UInt64) {
            self.before = before
            self.now = now
        }

        mutating func families(of family: Exposition.Family) -> [MetricFamily] {
            switch family.kind {
            case .counter: counters(family)
            case .histogram: histograms(family)
            case .summary: summaries(family)
            case .gauge, .untyped, .info, .stateset, .gaugehistogram: gauges(family)
            }
        }

        private func made(_ family: Exposition.Family, name: String, _ shape: MetricFamily.Shape) -> MetricFamily {
            let unit = MetricUnit.of(openMetrics: family.unit)
            return MetricFamily(
                name: name, description: family.help, unit: unit.isEmpty ? MetricUnit.of(name: name) : unit,
                shape: shape)
        }

        private func gauges(_ family: Exposition.Family) -> [MetricFamily] {
            var families: [MetricFamily] = []
            for sample in family.samples {
                if families.last?.name != sample.name {
                    families.append(made(family, name: sample.name, .gauge))
                }
                families[families.count - 1].points.append(
                    MetricPoint(attributes: sample.labels, time: sample.time ?? now, value: .double(sample.value)))
            }
            return families
        }

        private mutating func counters(_ family: Exposition.Family) -> [MetricFamily] {
            let created = createdTimes(family)
            let samples = family.samples.filter { !$0.name.hasSuffix("_created") || $0.name == family.name }
            guard let first = samples.first else { return [] }
            var result = made(family, name: first.name, .sum(isMonotonic: true, isCumulative: true))
            for sample in samples where sample.name == first.name && sample.value.isFinite {
                let key = Self.key(sample.name, sample.labels)
                let time = sample.time ?? now
                let start = start(
                    key, value: sample.value, time: time, created: created[Self.key("", sample.labels)])
                result.points.append(
                    MetricPoint(attributes: sample.labels, start: start, time: time, value: .double(sample.value)))
            }
            return result.points.isEmpty ? [] : [result]
        }

        /// When the series began to count, by their labels.
        private func createdTimes(_ family: Exposition.Family) -> [String: UInt64] {
            var times: [String: UInt64] = [:]
            for sample in family.samples where sample.name.hasSuffix("_created") && sample.name != family.name {
                times[Self.key("", sample.labels)] = ScrapeMemory.time(ofSeconds: sample.value, now)
            }
            return times
        }

        /// Since when the series counts: as the target says, else when it was first seen, else the last time before it began anew.
        private mutating func start(_ key: String, value: Double, time: UInt64, created: UInt64?) -> UInt64 {
            var start = created ?? processStart ?? time
            let key = key.hashValue
            if let known = before[key] {
                start = value < known.value ? max(created ?? known.time, known.time) : created ?? known.start
            }
            start = min(start, time)
            counts[key] = Count(start: start, time: time, value: value)
            return start
        }

        // MARK: groups of samples

        private struct Group {
            var labels: [Label]
            var time: UInt64?
            var count: Double?
            var sum: Double?
            /// Buckets with their upper bounds, or quantiles.
            var parts: [(at: Double, value: Double)] = []
        }

        /// Samples of one histogram or summary, by the labels without `le` or `quantile`; in order of their first sample.
        private func groups(_ family: Exposition.Family, by part: String) -> [(key: String, group: Group)] {
            var order: [String] = []
            var groups: [String: Group] = [:]
            for sample in family.samples where !(sample.name.hasSuffix("_created") && sample.name != family.name) {
                let labels = sample.labels.filter { $0.name != part }
                let key = Self.key(family.name, labels)
                if groups[key] == nil { order.append(key) }
                var group = groups[key] ?? Group(labels: labels)
                group.time = group.time ?? sample.time
                if sample.name == family.name + "_count" {
                    group.count = sample.value
                } else if sample.name == family.name + "_sum" {
                    group.sum = sample.value
                } else if let at = sample.labels.first(where: { $0.name == part }).flatMap({ Double($0.value) }) {
                    group.parts.append((at, sample.value))
                }
                groups[key] = group
            }
            return order.compactMap { key in groups[key].map { (key, $0) } }
        }

        private mutating func histograms(_ family: Exposition.Family) -> [MetricFamily] {
            let created = createdTimes(family)
            var result = made(family, name: family.name, .histogram)
            for (key, group) in groups(family, by: "le") {
                guard let value = Self.histogram(group) else { continue }
                let time = group.time ?? now
                let start = start(
                    key, value: Double(value.count), time: time, created: created[Self.key("", group.labels)])
                result.points.append(
                    MetricPoint(attributes: group.labels, start: start, time: time, value: .histogram(value)))
            }
            return result.points.isEmpty ? [] : [result]
        }

        /// Nil when the buckets do not rise, as those of a histogram do.
        private static func histogram(_ group: Group) -> HistogramValue? {
            var parts = group.parts.sorted { $0.at < $1.at }
            guard parts.allSatisfy({ !$0.at.isNaN }) else { return nil }
            let infinite = parts.last?.at == .infinity ? parts.removeLast().value : nil
            guard let total = count(infinite ?? group.count ?? parts.last?.value) else { return nil }
            var bounds: [Double] = []
            var counts: [UInt64] = []
            var below: UInt64 = 0
            for part in parts {
                guard let cumulative = count(part.value), cumulative >= below, cumulative <= total,
                    bounds.last != part.at
                else { return nil }
                bounds.append(part.at)
                counts.append(cumulative - below)
                below = cumulative
            }
            counts.append(total - below)
            let sum = group.sum.flatMap { $0.isFinite ? $0 : nil }
            return HistogramValue(count: total, sum: sum, bounds: bounds, counts: counts)
        }

        private static func count(_ value: Double?) -> UInt64? {
            guard let value, value >= 0, value < 1.8e19 else { return nil }
            return UInt64(value)
        }

        private mutating func summaries(_ family: Exposition.Family) -> [MetricFamily] {
            let created = createdTimes(family)
            var result = made(family, name: family.name, .summary)
            for (key, group) in groups(family, by: "quantile") {
                guard let count = Self.count(group.count ?? 0) else { continue }
                let time = group.time ?? now
                let start = start(
                    key, value: Double(count), time: time, created: created[Self.key("", group.labels)])
                let quantiles = group.parts.filter { (0...1).contains($0.at) }.sorted { $0.at < $1.at }.map {
                    SummaryValue.Quantile(quantile: $0.at, value: $0.value)
                }
                result.points.append(
                    MetricPoint(
                        attributes: group.labels, start: start, time: time,
                        value: .summary(SummaryValue(count: count, sum: group.sum ?? 0, quantiles: quantiles))))
            }
            return result.points.isEmpty ? [] : [result]
        }

        /// Unambiguous, as the lengths stand before the texts.
        private static func key(_ name: String, _ labels: [Label]) -> String {
            var key = name
            for label in labels.sorted(by: { $0.name < $1.name }) {
                key += "\u{0}\(label.name.utf8.count):\(label.name)\(label.value.utf8.count):\(label.value)"
            }
            return key
        }
    }
}
