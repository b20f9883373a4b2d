import Files
import Synchronization
import TraceAssembly

/// The second part on a thread of its own, where there is one to be had.
struct SideBySide: Pairing {
    func both<First: Sendable, Second: Sendable>(
        _ first: @Sendable () -> First, _ second: @escaping @Sendable () -> Second
    ) -> (First, Second) {
        let result = Outcome(second)
        guard let thread = try? WorkerThread(name: "trace", result.work) else { return (first(), second()) }
        let own = first()
        thread.join()
        return (own, result.value ?? second())
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private let made = Mutex<Value?>(nil)
        private let make: @Sendable () -> Value

        init(_ make: @escaping @Sendable () -> Value) { self.make = make }

        @Sendable func work() {
            let value = make()
            made.withLock { $0 = value }
        }

        var value: Value? { made.withLock { $0 } }
    }
}
