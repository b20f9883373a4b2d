import Synchronization

/// A number of bytes that several threads share out. What is reserved is given back when the data has left the process.
package final class ByteBudget: Sendable {
    package let limit: Int
    /// Where more than three quarters are taken, what can wait is made to wait.
    private let highWater: Int
    private let reserved = Atomic<Int>(0)
    /// The budget that this one is a part of: what is reserved here is reserved there as well.
    private let whole: ByteBudget?

    package init(limit: Int, within whole: ByteBudget? = nil) {
        self.limit = limit
        self.whole = whole
        highWater = limit / 4 * 3
    }

    package var used: Int { reserved.load(ordering: .relaxed) }

    /// Whether senders are to be slowed down.
    package var isTight: Bool { used > highWater || whole?.isTight == true }

    /// False, and nothing reserved, when the limit would be passed.
    package func reserve(_ bytes: Int) -> Bool {
        let after = reserved.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard after <= limit, whole?.reserve(bytes) ?? true else {
            reserved.wrappingSubtract(bytes, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Reserves what there is, at most `bytes`, and returns how much that was.
    package func reserve(upTo bytes: Int) -> Int {
        var wanted = min(bytes, free)
        while wanted > 0, !reserve(wanted) { wanted = min(wanted - 1, free) }
        return max(0, wanted)
    }

    /// Counts what exists already and cannot be refused, which may pass the limit. A negative number gives back.
    package func take(_ bytes: Int) {
        reserved.wrappingAdd(bytes, ordering: .relaxed)
        whole?.take(bytes)
    }

    package func release(_ bytes: Int) {
        reserved.wrappingSubtract(bytes, ordering: .relaxed)
        whole?.release(bytes)
    }

    private var free: Int { max(0, min(limit - used, whole?.free ?? .max)) }
}
