/// Something about incoming headers that is counted. None of them fails a request.
public struct PropagationProblem: Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, CaseIterable, Sendable {
        /// Not of the header's form: lengths, separators, digits, version.
        case malformed
        case zeroTraceID = "zero_trace_id"
        case zeroSpanID = "zero_span_id"
        /// The same header is there several times with different values.
        case contradicting
        /// Longer or more often than any correct sender writes it.
        case tooLong = "too_long"
        /// Headers that belong together are not all there.
        case incomplete
        /// Names another trace than the header that won; kept as a link.
        case conflict
    }

    /// Lower case.
    public var header: String
    public var reason: Reason

    public init(_ header: String, _ reason: Reason) {
        self.header = header
        self.reason = reason
    }

    public var description: String { "\(header): \(reason.rawValue)" }
}
