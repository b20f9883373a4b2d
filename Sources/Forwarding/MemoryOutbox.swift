package import EventLoop
import SelfTelemetry
package import WireFormat

/// An outbox that keeps telemetry in memory, within a budget that all loops of the process share. Concatenates messages into
/// batches and passes one on when it is full or old enough. Lives on one loop.
package final class MemoryOutbox: Outbox {
    private struct Filling {
        var message: [UInt8] = []
        var items = 0
        var deadline: Timer?
    }

    private let loop: EventLoop
    private let route: ForwardRoute
    private let maxBatchBytes: Int
    private let maxDelay: Duration
    private var filling: [SignalKind: Filling] = [:]
    private var recentBatchBytes = 0

    package init(loop: EventLoop, route: ForwardRoute, maxBatchBytes: Int, maxDelay: Duration) {
        self.loop = loop
        self.route = route
        self.maxBatchBytes = maxBatchBytes
        self.maxDelay = maxDelay
    }

    package func append(_ message: Span<UInt8>, _ kind: SignalKind, items: Int) -> Bool {
        guard route.budget.reserve(message.count) else { return false }
        var batch = filling.removeValue(forKey: kind) ?? Filling()
        if !batch.message.isEmpty, batch.message.count + message.count > maxBatchBytes {
            passOn(batch, kind)
            batch = Filling()
        }
        if batch.message.isEmpty {
            batch.message.reserveCapacity(max(message.count, recentBatchBytes))
            batch.deadline = loop.schedule(after: maxDelay) { [weak self] in self?.flush(kind) }
        }
        message.withUnsafeBufferPointer { batch.message.append(contentsOf: $0) }
        batch.items += items
        route.counters.waiting[kind]?.add(items)
        if batch.message.count >= maxBatchBytes {
            passOn(batch, kind)
        } else {
            filling[kind] = batch
        }
        return true
    }

    package func flush() {
        for kind in SignalKind.allCases { flush(kind) }
    }

    private func flush(_ kind: SignalKind) {
        if let batch = filling.removeValue(forKey: kind) { passOn(batch, kind) }
    }

    private func passOn(_ batch: consuming Filling, _ kind: SignalKind) {
        batch.deadline?.cancel()
        // The next batch will be about as large; asking for that much at once spares copies while it grows.
        recentBatchBytes = min(batch.message.count, maxBatchBytes)
        route.post(
            OutgoingBatch(
                kind: kind, items: batch.items, message: batch.message, reservedBytes: batch.message.count))
    }
}
