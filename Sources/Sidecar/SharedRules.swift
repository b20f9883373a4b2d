import Refining
import Synchronization

/// The rules in force, for the loops that refine. Changed by a reload; asking whether they were costs one atomic load.
final class SharedRules: Sendable {
    private let rules: Mutex<RefiningRules>
    private let generation = Atomic<Int>(1)

    init(_ rules: RefiningRules) { self.rules = Mutex(rules) }

    func replace(by fresh: RefiningRules) {
        rules.withLock { $0 = fresh }
        generation.wrappingAdd(1, ordering: .releasing)
    }

    /// The rules, if they are others than those of generation `known`, which is brought up to date.
    func changed(since known: inout Int) -> RefiningRules? {
        let current = generation.load(ordering: .acquiring)
        guard current != known else { return nil }
        known = current
        return rules.withLock { $0 }
    }
}
