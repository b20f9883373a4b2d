/// How many items of a message came from one service, as its resource's `service.name` says.
public struct ServiceCount: Sendable, Equatable {
    /// Empty when the resource has no name, and for the services over `TelemetryScanner.maximumServices`.
    public var name: String
    /// Spans, data points or log records.
    public var spans: UInt32

    @inlinable
    public init(name: String, spans: UInt32) {
        self.name = name
        self.spans = spans
    }
}
