/// Runs two parts of a computation that need nothing of each other: side by side, where the caller has a thread for the second.
package protocol Pairing: Sendable {
    func both<First: Sendable, Second: Sendable>(
        _ first: @Sendable () -> First, _ second: @escaping @Sendable () -> Second
    ) -> (First, Second)
}

package struct OneAfterTheOther: Pairing {
    package init() {}

    package func both<First: Sendable, Second: Sendable>(
        _ first: @Sendable () -> First, _ second: @escaping @Sendable () -> Second
    ) -> (First, Second) {
        (first(), second())
    }
}
