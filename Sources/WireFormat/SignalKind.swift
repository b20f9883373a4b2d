/// The three kinds of telemetry that OTLP carries.
public enum SignalKind: UInt8, Sendable, CaseIterable {
    case traces = 1
    case metrics = 2
    case logs = 3

    /// What one item of this kind is called in counters and messages.
    public var itemName: String {
        switch self {
        case .traces: "spans"
        case .metrics: "data points"
        case .logs: "log records"
        }
    }
}
