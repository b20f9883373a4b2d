package import TraceModel

/// Where the read API finds what was stored. The methods are called on the thread of whoever serves the request.
package protocol TraceSource {
    /// An ExportTraceServiceRequest with exactly the spans of that trace; nil when there is none. Reads no further once the
    /// message has reached `maxBytes`: what came first is whole, and `isTruncated` tells that more is stored.
    func trace(_ id: TraceID, maxBytes: Int) throws -> (message: [UInt8], isTruncated: Bool)?
    func serviceUsage() -> [ServiceUsage]
    /// The newest first.
    func recentTraces(limit: Int) -> [TraceID]
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
