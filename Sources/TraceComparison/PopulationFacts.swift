import OTLP
import TraceModel

/// What a digest keeps of one trace.
struct TraceFacts: Sendable {
    var id: TraceID
    var duration: UInt64
    var criticalTime: UInt64
    /// Logarithm of the critical time.
    var logTime: Double
    /// Whether a span failed of which no child did.
    var isFailed: Bool
}

/// What a digest keeps of one operation.
struct OperationFacts: Sendable {
    /// In one trace.
    struct Visit: Sendable {
        var trace: Int
        var count = 0
        var failures = 0
        var criticalTime = 0.0
        var logSelf = 0.0
        var longest: UInt64 = 0
    }

    var visits: [Visit] = []
    var traces = TraceSet()
    var spans = 0
    var criticalTime = 0.0
    var duration = 0.0
    /// Each trace weighs the same, however many spans it has. Logarithms of nanoseconds.
    var logSelf = Mass()
    var logDuration = Mass()
    /// 1 for a span that failed of itself.
    var failure = Mass()
    /// Operations above it, with the number of spans; the first few that came up.
    var callers: [Int: Int] = [:]
    /// The name of its spans where all have the same one.
    var onlyName: String?
    var hasQuery = false

    static let maximumCallers = 16
}

/// What a digest keeps of the spans of one operation that have one value of one attribute.
struct FeatureFacts: Sendable {
    var traces = TraceSet()
    var spans = 0.0
    var criticalTime = 0.0
    var duration = 0.0
    var logSelf = Mass()
    var logDuration = Mass()
    var failure = Mass()
}

/// Where an attribute stands, and its key.
struct FeatureField: Hashable, Sendable {
    enum Place: UInt8, Sendable {
        case span
        case resource
        case exception
        case statusMessage
    }

    var place: Place
    var key: String
}

/// One value of one attribute on the spans of one operation; all three as numbers of the digest.
struct FeatureKey: Hashable, Sendable {
    var operation: Int
    var field: Int
    var value: Int
}
