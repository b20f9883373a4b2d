package import TraceModel

/// What one line says about a trace.
package struct TraceSummary: Equatable, Sendable {
    package var traceID: TraceID
    /// The earliest root that arrived; where all roots are missing, the earliest span.
    package var rootSpanID: SpanID?
    package var rootService = ""
    package var rootName = ""
    /// Unix nanoseconds; both 0 when no span carries a usable time.
    package var start: UInt64 = 0
    package var end: UInt64 = 0
    /// Length of the critical path.
    package var criticalTime: UInt64 = 0
    /// Distinct spans; placeholders do not count.
    package var spanCount = 0
    package var errorCount = 0
    /// By number of spans, most first; ties by name.
    package var services: [ServiceShare] = []
    package var missingCount = 0
    /// Copies that were merged away.
    package var duplicateCount = 0
    /// Spans that share their id with a different one.
    package var conflictCount = 0
    /// Spans that were passed in and belong to another trace.
    package var foreignCount = 0
    package var maxDepth = 0

    package init(traceID: TraceID) { self.traceID = traceID }

    package var duration: UInt64 { end >= start ? end - start : 0 }
}

package struct ServiceShare: Equatable, Sendable {
    package var name: String
    package var spans: Int
    package var errors: Int

    package init(name: String, spans: Int, errors: Int) {
        self.name = name
        self.spans = spans
        self.errors = errors
    }

    mutating func add(spans: Int, errors: Int) {
        self.spans += spans
        self.errors += errors
    }
}
