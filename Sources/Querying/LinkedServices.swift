import OTLP
import TraceModel

/// Finds the services of spans of other traces that links name. Reads each trace once, and of all no more than the limits allow.
/// For one request.
final class LinkedServices {
    private let source: any TraceSource
    private let maximumTraces: Int
    private var bytesLeft: Int
    private var known: [TraceID: [SpanID: String]] = [:]
    /// Links that a bound kept from being followed.
    private(set) var unfollowed = 0

    init(_ source: any TraceSource, _ limits: QueryLimits) {
        self.source = source
        maximumTraces = limits.maximumLinkedTraces
        bytesLeft = limits.maximumLinkedBytes
    }

    /// Nil where the span is not stored, or not looked for.
    func service(of link: SpanLink) -> String? {
        if let spans = known[link.traceID] { return spans[link.spanID] }
        guard known.count < maximumTraces, bytesLeft > 0 else {
            unfollowed += 1
            return nil
        }
        var services: [SpanID: String] = [:]
        if let (message, _) = try? source.trace(link.traceID, maxBytes: bytesLeft) {
            bytesLeft -= message.count
            for span in (try? decodeSpans(message.span)) ?? [] where span.traceID == link.traceID {
                services[span.spanID] = span.serviceName
            }
        }
        known[link.traceID] = services
        return services[link.spanID]
    }
}
