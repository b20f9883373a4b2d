/// Gathers StatsD lines over one interval and makes metric families of them. A value without sockets; the time is told.
package struct StatsDWindow {
    package enum NegativeGauges: String, CaseIterable, Sendable {
        /// A line with fields of DogStatsD sets the value, any other changes it.
        case auto
        case delta
        case absolute
    }

    package struct Options: Sendable {
        package var interval = Duration.seconds(10)
        package var maxSeries = 10_000
        package var negativeGauges = NegativeGauges.auto
        /// What series may take of memory together; over it further ones are gathered without their tags.
        package var maxBytes = 8 << 20
        package init() {}
    }

    package enum Outcome: Equatable, Sendable {
        case taken
        /// Gathered under the metric's name alone, as there are too many series.
        case overflowed
        /// There are too many metrics even without their tags.
        case dropped
    }

    /// Series without their tags that are opened beyond the limit.
    static let mostOverflowSeries = 1_000
    /// The attribute that tells them, as OpenTelemetry's SDKs do.
    static let overflowLabel = Label("otel.metric.overflow", "true")
    private static let seriesBytes = 256
    private static let bucketBytes = 8

    private let options: Options
    private let interval: UInt64
    private var parser = StatsDParser()
    private var tags = StatsDTags()
    /// By kind, name, sorted tags and timestamp, which nothing in a line can imitate: lines hold no control characters.
    private var series: [[UInt8]: StatsDSeries] = [:]
    private var key: [UInt8] = []
    private var overflowSeries = 0
    private var usedBytes = 0
    private var gauges = GaugeMemory()
    /// Counters that were once lowered. They are few, or it does not matter.
    private var lowered: Set<String> = []
    package private(set) var start: UInt64
    package private(set) var end: UInt64

    /// - Parameter now: nanoseconds since 1970. The first window begins there, and ends where an interval does.
    package init(options: Options, now: UInt64) {
        self.options = options
        interval = max(1, options.interval.nanosecondsClamped)
        start = now
        end = now / interval * interval &+ interval
    }

    package var seriesCount: Int { series.count }

    // MARK: lines

    package mutating func take(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(StatsDFault) -> Outcome {
        try parser.parse(bytes, line)
        tags.sort(parser.tags, bytes)
        var outcome = Outcome.taken
        guard let series = find(bytes) ?? open(bytes) ?? overflow(bytes, &outcome) else { return .dropped }
        add(bytes, to: series)
        return outcome
    }

    private mutating func find(_ bytes: Span<UInt8>) -> StatsDSeries? {
        key.removeAll(keepingCapacity: true)
        key.append(parser.kind.rawValue)
        append(bytes, parser.name)
        for tag in tags.sorted {
            key.append(1)
            append(bytes, tag)
        }
        if let container = parser.container {
            key.append(2)
            append(bytes, container)
        }
        if let timestamp = usedTimestamp {
            key.append(3)
            for shift in stride(from: 0, to: 64, by: 8) { key.append(UInt8(truncatingIfNeeded: timestamp >> shift)) }
        }
        return series[key]
    }

    /// DogStatsD gives times to counters and gauges only.
    private var usedTimestamp: UInt64? {
        parser.kind == .counter || parser.kind == .gauge ? parser.timestamp : nil
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        bytes.extracting(range).withUnsafeBufferPointer { key.append(contentsOf: $0) }
    }

    /// Nil when there is no room for one more.
    private mutating func open(_ bytes: Span<UInt8>) -> StatsDSeries? {
        let cost = Self.seriesBytes + key.count * 3 + (parser.kind == .set ? DistinctCount.mostBytes : 0)
        guard series.count - overflowSeries < options.maxSeries, usedBytes + cost <= options.maxBytes else {
            return nil
        }
        usedBytes += cost
        var attributes = tags.attributes(bytes)
        if let container = containerID(bytes), !attributes.contains(where: { $0.name == "container.id" }) {
            attributes.append(Label("container.id", container))
        }
        let made = StatsDSeries(
            kind: parser.kind, name: StatsDParser.text(bytes, parser.name), attributes: attributes,
            timestamp: usedTimestamp)
        series[key] = made
        return made
    }

    /// `ci-<id>` or a bare id; `in-<inode>` names a control group that only its own machine could look up.
    private func containerID(_ bytes: Span<UInt8>) -> String? {
        guard let container = parser.container else { return nil }
        let text = StatsDParser.text(bytes, container)
        if text.hasPrefix("in-") { return nil }
        return text.hasPrefix("ci-") ? String(text.dropFirst(3)) : text
    }

    private mutating func overflow(_ bytes: Span<UInt8>, _ outcome: inout Outcome) -> StatsDSeries? {
        outcome = .overflowed
        key.removeAll(keepingCapacity: true)
        key.append(parser.kind.rawValue | 0x80)
        append(bytes, parser.name)
        if let known = series[key] { return known }
        guard overflowSeries < Self.mostOverflowSeries else { return nil }
        overflowSeries += 1
        let made = StatsDSeries(
            kind: parser.kind, name: StatsDParser.text(bytes, parser.name), attributes: [Self.overflowLabel],
            timestamp: nil)
        series[key] = made
        return made
    }

    // MARK: values

    private mutating func add(_ bytes: Span<UInt8>, to series: StatsDSeries) {
        switch parser.kind {
        case .counter:
            for number in parser.numbers {
                series.number = Self.finite(series.number + number.value / parser.rate)
                if number.value < 0, lowered.count < Self.mostOverflowSeries { lowered.insert(series.name) }
            }
        case .gauge:
            for number in parser.numbers { set(series, number) }
        case .timer, .histogram:
            for number in parser.numbers { measure(series, number.value) }
        case .set:
            var hasher = Hasher()
            bytes.extracting(parser.member).withUnsafeBytes { hasher.combine(bytes: $0) }
            series.distinct.insert(hash: UInt64(bitPattern: Int64(hasher.finalize())))
        }
    }

    private mutating func set(_ series: StatsDSeries, _ number: StatsDParser.Number) {
        let isChange =
            if !number.isSigned {
                false
            } else if number.value < 0 || number.value.sign == .minus {
                options.negativeGauges == .delta || options.negativeGauges == .auto && !parser.isDogStatsD
            } else {
                true  // No client writes a plus sign but to raise a gauge.
            }
        let value = isChange ? Self.finite((gauges.value(key) ?? 0) + number.value) : number.value
        series.number = value
        gauges.note(key, value, window: end, limit: options.maxSeries)
    }

    private mutating func measure(_ series: StatsDSeries, _ value: Double) {
        let before = series.buckets.bucketCount
        let room = max(0, options.maxBytes - usedBytes) / Self.bucketBytes
        series.buckets.add(value, times: series.times(rate: parser.rate), granted: before + room)
        usedBytes += (series.buckets.bucketCount - before) * Self.bucketBytes
    }

    private static func finite(_ value: Double) -> Double {
        min(max(value, -Double.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }

    // MARK: the end of a window

    /// Ends the window and begins the next. `now` may lie before the window's end, at a stop, or after it.
    package mutating func close(at now: UInt64) -> [MetricFamily] {
        let time = max(start &+ 1, min(end, now))
        let families = families(until: time)
        series.removeAll(keepingCapacity: series.count <= 1024)
        (overflowSeries, usedBytes) = (0, 0)
        // A clock that was set back must not make windows overlap.
        start = max(time, now / interval * interval)
        end = start / interval * interval &+ interval
        return families
    }

    private func families(until time: UInt64) -> [MetricFamily] {
        var families: [String: MetricFamily] = [:]
        for series in series.values {
            let kind = series.kind == .counter && lowered.contains(series.name) ? 0xFF : series.kind.rawValue
            families["\(kind) \(series.name)", default: family(of: series)].points.append(point(series, time))
        }
        return families.values.sorted { $0.name < $1.name }
    }

    private func family(of series: StatsDSeries) -> MetricFamily {
        let shape: MetricFamily.Shape =
            switch series.kind {
            case .counter: .sum(isMonotonic: !lowered.contains(series.name), isCumulative: false)
            case .gauge, .set: .gauge
            case .timer, .histogram: .exponentialHistogram
            }
        let unit = series.kind == .timer ? "ms" : MetricUnit.of(name: series.name)
        return MetricFamily(name: series.name, unit: unit, shape: shape)
    }

    private func point(_ series: StatsDSeries, _ time: UInt64) -> MetricPoint {
        var point = MetricPoint(attributes: series.attributes, start: start, time: time, value: .double(series.number))
        switch series.kind {
        case .counter: break
        case .gauge: point.start = 0
        case .set: (point.start, point.value) = (0, .integer(series.distinct.value))
        case .timer, .histogram: point.value = .exponential(series.buckets)
        }
        if let timestamp = series.timestamp {
            // The sender counted over the second that it named.
            let second: UInt64 = 1_000_000_000
            point.start = series.kind == .counter ? timestamp * second : 0
            point.time = timestamp * second + (series.kind == .counter ? second : 0)
        }
        return point
    }
}

extension Duration {
    /// Clamped to what 64 bits hold.
    var nanosecondsClamped: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0 else { return 0 }
        let (scaled, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : scaled.addingClamped(UInt64(max(0, attoseconds) / 1_000_000_000))
    }
}
