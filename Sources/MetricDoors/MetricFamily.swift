/// A name and a value that tell series of one metric apart.
package struct Label: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What every door makes of what it took: the data points of one metric, as OTLP knows them.
package struct MetricFamily: Equatable, Sendable {
    package enum Shape: Hashable, Sendable {
        case gauge
        case sum(isMonotonic: Bool, isCumulative: Bool)
        /// Cumulative, with explicit bounds.
        case histogram
        /// Of one window.
        case exponentialHistogram
        case summary
    }

    package var name: String
    package var description = ""
    package var unit = ""
    package var shape: Shape
    package var points: [MetricPoint] = []

    package init(name: String, description: String = "", unit: String = "", shape: Shape, points: [MetricPoint] = []) {
        self.name = name
        self.description = description
        self.unit = unit
        self.shape = shape
        self.points = points
    }
}

package struct MetricPoint: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case double(Double)
        case integer(Int64)
        case histogram(HistogramValue)
        case exponential(ExponentialBuckets)
        case summary(SummaryValue)
    }

    package var attributes: [Label]
    /// Nanoseconds since 1970; 0 where the value counts from nothing, as with gauges.
    package var start: UInt64
    package var time: UInt64
    package var value: Value

    package init(attributes: [Label], start: UInt64 = 0, time: UInt64, value: Value) {
        self.attributes = attributes
        self.start = start
        self.time = time
        self.value = value
    }
}

/// A histogram with explicit bounds; there is one count more than there are bounds.
package struct HistogramValue: Equatable, Sendable {
    package var count: UInt64
    package var sum: Double?
    package var bounds: [Double]
    package var counts: [UInt64]
}

package struct SummaryValue: Equatable, Sendable {
    package struct Quantile: Equatable, Sendable {
        package var quantile: Double
        package var value: Double
    }
    package var count: UInt64
    package var sum: Double
    package var quantiles: [Quantile]
}
