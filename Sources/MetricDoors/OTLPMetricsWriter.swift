import WireFormat

/// Writes metric families as ExportMetricsServiceRequests, each small enough to be forwarded well.
package struct OTLPMetricsWriter {
    package struct Message: Equatable, Sendable {
        package var bytes: [UInt8]
        /// Data points in it.
        package var items: Int
    }

    /// A message ends once it is this long; the points of one metric are then spread over several.
    static let fullLength = 256 << 10

    private let resource: [Label]
    private let scope: String
    private var metrics = ProtobufWriter()
    private var items = 0
    private var messages: [Message] = []

    /// - Parameter scope: names the door that the metrics came by.
    package init(resource: [Label], scope: String) {
        self.resource = resource
        self.scope = scope
    }

    package static func messages(_ families: [MetricFamily], resource: [Label], scope: String) -> [Message] {
        var writer = OTLPMetricsWriter(resource: resource, scope: scope)
        for family in families { writer.add(family) }
        return writer.finish()
    }

    package mutating func add(_ family: MetricFamily) {
        var rest = family.points[...]
        while !rest.isEmpty {
            var length = 0
            var count = 0
            for point in rest {
                length += Self.length(of: point)
                count += 1
                if metrics.bytes.count + length >= Self.fullLength { break }
            }
            let points = rest.prefix(count)
            rest = rest.dropFirst(count)
            metrics.message(2) { $0.metric(family, points) }
            items += points.count
            if metrics.bytes.count >= Self.fullLength { endMessage() }
        }
    }

    package mutating func finish() -> [Message] {
        endMessage()
        defer { messages = [] }
        return messages
    }

    private mutating func endMessage() {
        guard items > 0 else { return }
        var request = ProtobufWriter(capacity: metrics.bytes.count + 512)
        request.message(1) { group in
            group.message(1) { $0.attributes(1, resource) }
            group.message(2) { scoped in
                scoped.message(1) { $0.string(1, scope) }
                scoped.append(metrics.bytes.span)
            }
        }
        messages.append(Message(bytes: request.bytes, items: items))
        metrics.removeAll()
        items = 0
    }

    /// About as many bytes as the point will take.
    private static func length(of point: MetricPoint) -> Int {
        let labels = point.attributes.reduce(32) { $0 + $1.name.utf8.count + $1.value.utf8.count + 10 }
        return switch point.value {
        case .double, .integer: labels
        case .histogram(let value): labels + value.counts.count * 16 + 16
        case .exponential(let value): labels + (value.positive.counts.count + value.negative.counts.count) * 2 + 32
        case .summary(let value): labels + value.quantiles.count * 20 + 16
        }
    }
}

extension ProtobufWriter {
    mutating func attributes(_ number: UInt32, _ labels: [Label]) {
        for label in labels {
            message(number) { pair in
                pair.string(1, label.name)
                pair.message(2) { $0.string(1, label.value) }
            }
        }
    }

    fileprivate mutating func metric(_ family: MetricFamily, _ points: ArraySlice<MetricPoint>) {
        string(1, family.name)
        if !family.description.isEmpty { string(2, family.description) }
        if !family.unit.isEmpty { string(3, family.unit) }
        let delta: UInt64 = 1
        let cumulative: UInt64 = 2
        switch family.shape {
        case .gauge:
            message(5) { data in for point in points { data.message(1) { $0.numberPoint(point) } } }
        case .sum(let isMonotonic, let isCumulative):
            message(7) { data in
                for point in points { data.message(1) { $0.numberPoint(point) } }
                data.varint(2, isCumulative ? cumulative : delta)
                if isMonotonic { data.varint(3, 1) }
            }
        case .histogram:
            message(9) { data in
                for point in points { data.message(1) { $0.histogramPoint(point) } }
                data.varint(2, cumulative)
            }
        case .exponentialHistogram:
            message(10) { data in
                for point in points { data.message(1) { $0.exponentialPoint(point) } }
                data.varint(2, delta)
            }
        case .summary:
            message(11) { data in for point in points { data.message(1) { $0.summaryPoint(point) } } }
        }
    }

    private mutating func times(_ point: MetricPoint) {
        if point.start > 0 { fixed64(2, point.start) }
        fixed64(3, point.time)
    }

    private mutating func numberPoint(_ point: MetricPoint) {
        times(point)
        switch point.value {
        case .double(let value): double(4, value)
        case .integer(let value): fixed64(6, UInt64(bitPattern: value))
        default: preconditionFailure("a gauge or sum has numbers")
        }
        attributes(7, point.attributes)
    }

    private mutating func histogramPoint(_ point: MetricPoint) {
        guard case .histogram(let value) = point.value else { preconditionFailure("a histogram has histograms") }
        times(point)
        fixed64(4, value.count)
        if let sum = value.sum { double(5, sum) }
        packed(6, value.counts)
        packed(7, value.bounds.map(\.bitPattern))
        attributes(9, point.attributes)
    }

    private mutating func exponentialPoint(_ point: MetricPoint) {
        guard case .exponential(let value) = point.value else { preconditionFailure("as the shape says") }
        attributes(1, point.attributes)
        times(point)
        fixed64(4, value.count)
        double(5, value.sum)
        varint(6, Self.zigzag(value.scale))
        if value.zeroCount > 0 { fixed64(7, value.zeroCount) }
        for (number, side) in [(UInt32(8), value.positive), (UInt32(9), value.negative)] where !side.counts.isEmpty {
            message(number) { buckets in
                buckets.varint(1, Self.zigzag(side.offset))
                var counts = ProtobufWriter(capacity: side.counts.count + 16)
                for count in side.counts { counts.appendVarint(count) }
                buckets.bytes(2, counts.bytes.span)
            }
        }
        if value.count > 0 {
            double(12, value.minimum)
            double(13, value.maximum)
        }
    }

    private mutating func summaryPoint(_ point: MetricPoint) {
        guard case .summary(let value) = point.value else { preconditionFailure("a summary has summaries") }
        times(point)
        fixed64(4, value.count)
        double(5, value.sum)
        for quantile in value.quantiles {
            message(6) { pair in
                pair.double(1, quantile.quantile)
                pair.double(2, quantile.value)
            }
        }
        attributes(7, point.attributes)
    }

    private mutating func packed(_ number: UInt32, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        appendVarint(UInt64(number) << 3 | 2)
        appendVarint(UInt64(values.count * 8))
        for value in values {
            var encoded = InlineArray<8, UInt8>(repeating: 0)
            for index in 0..<8 { encoded[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
            append(encoded.span)
        }
    }

    private static func zigzag(_ value: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: value << 1 ^ value >> 31))
    }
}
