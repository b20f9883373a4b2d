/// How much one request of the Jaeger API may ask for.
package struct JaegerLimits: Sendable {
    /// Traces of a search that names no `limit`.
    package var usualTraces = 20
    package var maximumTraces = 1500
    /// Values of `traceID` in one request.
    package var maximumTraceIDs = 100
    package var maximumTags = 50
    /// Parameters in one request; the others are not read, and the request is refused.
    package var maximumParameters = 256
    /// Bytes of the query text that is made of service, operation, durations and tags.
    package var maximumQueryBytes = 16 << 10
    /// Bytes of one answer after which no further span is written into it.
    package var maximumAnswerBytes = 64 << 20
    /// How far a search without `start` looks back from its end, and dependencies without `lookback`: in nanoseconds.
    package var usualLookback: UInt64 = 48 * 3600 * 1_000_000_000
    package var usualDependencyLookback: UInt64 = 24 * 3600 * 1_000_000_000

    package init() {}
}
