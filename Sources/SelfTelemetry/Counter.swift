import Synchronization

/// A number that only rises. Adding costs one relaxed atomic instruction, so it may stand on a span's way.
package final class Counter: Sendable {
    private let total = Atomic<UInt64>(0)

    package init() {}

    package func add(_ amount: UInt64 = 1) { total.wrappingAdd(amount, ordering: .relaxed) }

    /// Adds a count that is known not to be negative, such as the length of an array.
    package func add(_ amount: Int) { add(UInt64(clamping: amount)) }

    package var value: UInt64 { total.load(ordering: .relaxed) }
}
