import Synchronization

/// A number of bytes that several threads share out. What is reserved is given back when the data has left the process.
package final class ByteBudget: Sendable {
    package let limit: Int
    private let reserved = Atomic<Int>(0)

    package init(limit: Int) { self.limit = limit }

    package var used: Int { reserved.load(ordering: .relaxed) }

    /// False, and nothing reserved, when the limit would be passed.
    package func reserve(_ bytes: Int) -> Bool {
        let after = reserved.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard after <= limit else {
            reserved.wrappingSubtract(bytes, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Reserves what is there already, over the limit if need be.
    package func take(_ bytes: Int) { reserved.wrappingAdd(bytes, ordering: .relaxed) }

    package func release(_ bytes: Int) { reserved.wrappingSubtract(bytes, ordering: .relaxed) }
}
