import EventLoop

/// What a key may still use of a rate. A second's worth may come at once; what was used on top has to be waited for.
struct RateAllowance: Sendable {
    private let perSecond: Int
    private var left: Double
    private var lastRefill: MonotonicTime

    init(perSecond: Int, now: MonotonicTime) {
        self.perSecond = perSecond
        left = Double(perSecond)
        lastRefill = now
    }

    mutating func isExhausted(at now: MonotonicTime) -> Bool {
        let seconds = Double((now - lastRefill).wholeNanoseconds) / 1e9
        left = min(Double(perSecond), left + seconds * Double(perSecond))
        lastRefill = now
        return left <= 0
    }

    mutating func use(_ amount: Int) { left -= Double(amount) }
}
