/// What one series has gathered in one window. A class, so that adding to one of thousands moves nothing.
final class StatsDSeries {
    let kind: StatsDParser.Kind
    let name: String
    let attributes: [Label]
    /// Where the sender said when.
    let timestamp: UInt64?
    /// The sum of a counter, the last value of a gauge.
    var number = 0.0
    var buckets = ExponentialBuckets()
    var distinct = DistinctCount()
    /// Part of a measurement that sampling stands for, below one: a rate of 0.3 stands for 3.33.
    var fraction = 0.0

    init(kind: StatsDParser.Kind, name: String, attributes: [Label], timestamp: UInt64?) {
        self.kind = kind
        self.name = name
        self.attributes = attributes
        self.timestamp = timestamp
    }

    /// How often a value sampled at `rate` was measured, as a whole number that is right over time.
    func times(rate: Double) -> UInt64 {
        guard rate < 1 else { return 1 }
        let exact = 1 / rate + fraction
        let whole = exact.rounded(.down)
        fraction = exact - whole
        return UInt64(whole)
    }
}
