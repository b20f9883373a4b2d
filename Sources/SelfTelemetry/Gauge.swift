import Synchronization

/// A number that rises and falls.
package final class Gauge: Sendable {
    private let current = Atomic<Int64>(0)

    package init() {}

    package func set(_ value: Int) { current.store(Int64(value), ordering: .relaxed) }
    package func add(_ amount: Int) { current.wrappingAdd(Int64(amount), ordering: .relaxed) }
    package func subtract(_ amount: Int) { current.wrappingSubtract(Int64(amount), ordering: .relaxed) }

    package var value: Int { Int(current.load(ordering: .relaxed)) }
}
