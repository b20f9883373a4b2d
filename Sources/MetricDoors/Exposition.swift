/// What a target exposes in Prometheus's text format 0.0.4 or OpenMetrics 1.0, after reading.
package struct Exposition: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram, summary, untyped
        /// Of OpenMetrics; their samples are shown as gauges.
        case info, stateset, gaugehistogram
    }

    package struct Sample: Equatable, Sendable {
        package var name: String
        package var labels: [Label]
        package var value: Double
        /// Nanoseconds since 1970, where the target says when.
        package var time: UInt64?
    }

    package struct Family: Equatable, Sendable {
        package var name: String
        package var kind: Kind
        package var help: String
        package var unit: String
        package var samples: [Sample]
    }

    package struct Fault: Equatable, Sendable {
        package var line: Int
        package var reason: String
    }

    package enum Limit: Error, Equatable, Sendable, CustomStringConvertible {
        case samples(Int)

        package var description: String {
            switch self {
            case .samples(let limit): "over \(limit) samples; raise 'scrape.max_series' or expose less"
            }
        }
    }

    /// In the order in which they first came.
    package internal(set) var families: [Family] = []
    package internal(set) var sampleCount = 0
    /// Lines that could not be read; the others stand.
    package internal(set) var faultCount = 0
    package internal(set) var firstFault: Fault?
}
