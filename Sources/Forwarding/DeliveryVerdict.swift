/// What to do with a batch after an answer, or none, came for it.
enum DeliveryVerdict: Equatable {
    case delivered
    /// Send it again; after the time that the collector asked for, or one of our own choosing.
    case retry(after: Duration?)
    /// The collector will never take it.
    case discard

    /// OTLP's rule: 429, 502, 503 and 504 may be sent again. 408 and 500 are retried as well, since a batch that is sent
    /// twice is stored once, and one that is thrown away is gone.
    static func of(status: Int, retryAfter: String?) -> DeliveryVerdict {
        switch status {
        case 200..<300: .delivered
        case 408, 429, 500, 502, 503, 504:
            .retry(after: retryAfter.flatMap { Int($0) }.map { .seconds(min(max($0, 0), 300)) })
        default: .discard
        }
    }
}
