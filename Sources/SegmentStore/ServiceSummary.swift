/// One service as the stored spans name it.
package struct ServiceSummary: Sendable, Equatable {
    package var name: String
    package var spans: UInt64
    /// Unix nanoseconds of the arrival of its newest span.
    package var lastSeen: UInt64

    package init(name: String, spans: UInt64, lastSeen: UInt64) {
        self.name = name
        self.spans = spans
        self.lastSeen = lastSeen
    }
}
