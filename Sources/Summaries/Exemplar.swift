package import TraceModel

/// A trace to look at: the one with the longest duration; among equals the smallest trace id.
package struct Exemplar: Sendable, Equatable {
    package var duration: UInt64
    var traceHigh: UInt64
    var traceLow: UInt64

    package var trace: TraceID { TraceID(high: traceHigh, low: traceLow) }

    init(duration: UInt64, traceHigh: UInt64, traceLow: UInt64) {
        (self.duration, self.traceHigh, self.traceLow) = (duration, traceHigh, traceLow)
    }

    init(of digest: SpanDigest) {
        self.init(duration: digest.duration, traceHigh: digest.traceHigh, traceLow: digest.traceLow)
    }

    /// Every other is better.
    static let none = Exemplar(duration: 0, traceHigh: .max, traceLow: .max)

    func isBetter(than other: Exemplar) -> Bool {
        if duration != other.duration { return duration > other.duration }
        return (traceHigh, traceLow) < (other.traceHigh, other.traceLow)
    }
}

/// The slowest span and the slowest that failed.
struct Exemplars: Sendable, Equatable {
    var slowest = Exemplar.none
    var failed = Exemplar.none

    var isNone: Bool { slowest == .none && failed == .none }

    @inline(__always)
    mutating func note(_ digest: SpanDigest) {
        let exemplar = Exemplar(of: digest)
        if exemplar.isBetter(than: slowest) { slowest = exemplar }
        if digest.isError, exemplar.isBetter(than: failed) { failed = exemplar }
    }

    mutating func merge(_ other: Exemplars) {
        if other.slowest.isBetter(than: slowest) { slowest = other.slowest }
        if other.failed.isBetter(than: failed) { failed = other.failed }
    }
}
