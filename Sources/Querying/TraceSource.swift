package import SegmentStore
package import SelfTelemetry
package import Summaries
package import TraceModel
package import TraceSearch

/// Where the read API finds what was stored. The methods are called on the thread of whoever serves the request.
package protocol TraceSource {
    /// An ExportTraceServiceRequest with exactly the spans of that trace; nil when there is none. Reads no further once the
    /// message has reached `maxBytes`: what came first is whole, and `isTruncated` tells that more is stored.
    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)?
    /// Where spans of traces lie now.
    func frames() -> any TraceFrames
    func search(_ request: SearchRequest) throws -> SearchPage
    /// What attributes the newest spans have.
    func attributes() throws -> AttributeCatalogue
    /// RED figures and calls of what is stored, and until when, in Unix nanoseconds. `fresh`: of all that was acknowledged.
    func figures(_ filter: SummaryFilter, fresh: Bool) throws -> (summary: Summary, asOf: UInt64)
    func serviceUsage() -> [ServiceUsage]
    /// The newest first.
    func recentTraces(limit: Int) -> [TraceID]
    func ledger() -> LedgerFigures
    func newestRefusals() -> [RefusalRing.Refusal]
    /// The records with spans of a trace, in the order of arrival, at most `limit`, and how many spans there are in all.
    func places(of id: TraceID, limit: Int) throws -> (places: [StoredPlace], spans: Int)
    /// Looks for a span by its id alone, from the newest record back, through at most `maxBytes`.
    func find(_ id: SpanID, maxBytes: Int) throws -> SpanSearch
    /// Spans that retention deleted.
    func deletedSpans() -> UInt64
    /// When the oldest record that is kept came, in Unix nanoseconds.
    func oldestArrival() -> UInt64?
    /// Erasures that ended so far: what was kept of traces before is forgotten when this changes.
    func erasures() -> UInt64
}

extension TraceSource {
    package func erasures() -> UInt64 { 0 }
}

/// A service that sent spans.
package struct ServiceUsage: Equatable, Sendable {
    package var name: String
    package var spans: UInt64
    /// When its newest span arrived, in Unix nanoseconds.
    package var lastSeen: UInt64

    package init(name: String, spans: UInt64, lastSeen: UInt64) {
        self.name = name
        self.spans = spans
        self.lastSeen = lastSeen
    }
}
