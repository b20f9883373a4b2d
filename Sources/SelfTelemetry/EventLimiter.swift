/// Decides which events may be written: for each name a bucket of tokens, refilled with one a second.
struct EventLimiter {
    private struct Bucket {
        var tokens: Int
        var refilledAt: UInt64
        var suppressed: UInt64 = 0
    }

    /// Names come from the program's text, so they are few; should they not be, further ones share one bucket.
    static let maximumNames = 256
    private static let shared = "(other)"
    private static let second: UInt64 = 1_000_000_000

    private let burst: Int
    private var buckets: [String: Bucket] = [:]

    init(burst: Int) { self.burst = max(1, burst) }

    /// How many events of this name were left out since its last line; nil when this one is left out as well.
    mutating func admit(_ event: String, at now: UInt64) -> UInt64? {
        let name = buckets[event] != nil || buckets.count < Self.maximumNames ? event : Self.shared
        var bucket = buckets[name] ?? Bucket(tokens: burst, refilledAt: now)
        let earned = now > bucket.refilledAt ? (now - bucket.refilledAt) / Self.second : 0
        if earned > 0 {
            bucket.tokens = min(burst, bucket.tokens + Int(clamping: min(earned, UInt64(burst))))
            bucket.refilledAt += earned * Self.second
        }
        defer { buckets[name] = bucket }
        guard bucket.tokens > 0 else {
            bucket.suppressed &+= 1
            return nil
        }
        bucket.tokens -= 1
        let suppressed = bucket.suppressed
        bucket.suppressed = 0
        return suppressed
    }
}
