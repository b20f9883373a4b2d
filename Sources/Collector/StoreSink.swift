import EventLoop
import Receiving
import SegmentStore

/// Hands what the doors accept to the store, and answers when it is on the disk. Lives on the loop that receives; the store
/// tells it from another thread, by mail.
final class StoreSink: TelemetrySink {
    private struct Settled: Sendable {
        let ticket: UInt64
        let result: Result<AppendOutcome, StoreError>
    }

    private let store: SegmentStore
    private let mailbox: Mailbox<Settled>
    private var waiting: [UInt64: (SinkAnswer) -> Void] = [:]
    private var nextTicket: UInt64 = 0

    init(store: SegmentStore, loop: EventLoop) throws(SystemError) {
        self.store = store
        // Each message answers a request that the store's queue has room for, so the box needs no bound of its own.
        mailbox = try Mailbox(capacity: .max)
        try loop.receive(from: mailbox) { [weak self] settled in self?.settle(settled) }
    }

    func accept(
        _ telemetry: consuming AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void
    ) {
        let record = IngestRecord(
            kind: telemetry.kind, sender: telemetry.sender.flatMap { SenderID(uuid: $0) }, sequence: telemetry.sequence,
            receivedAt: wallClockNanoseconds(), body: telemetry.bytes[telemetry.payload], runs: telemetry.runs,
            services: telemetry.services, items: telemetry.items)
        nextTicket += 1
        let ticket = nextTicket
        waiting[ticket] = done
        let taken = store.submit(record) { [mailbox] result in
            mailbox.post(Settled(ticket: ticket, result: result))
        }
        guard !taken else { return }
        waiting[ticket] = nil
        done(.busy(reason: "the disk does not keep up; send it again later", retryAfter: .seconds(1)))
    }

    private func settle(_ settled: Settled) {
        guard let done = waiting.removeValue(forKey: settled.ticket) else { return }
        switch settled.result {
        case .success(.stored): done(.accepted)
        case .success(.duplicate): done(.duplicate)
        case .failure(let error): done(.busy(reason: "not stored: \(error)", retryAfter: .seconds(1)))
        }
    }
}
