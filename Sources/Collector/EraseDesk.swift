import Access
import Daemon
import Erasure
import EventLoop
import SegmentStore
import SelfTelemetry
import Synchronization

/// Takes orders to erase, one at a time, and does them on a thread of its own. Any thread may ask.
final class EraseDesk: Sendable {
    private struct Order: Sendable {
        let receipt: EraseReceipt
        let space: TenantStores.Space
    }

    enum Answer {
        case begun(id: String)
        case busy
        case refused(reason: String)
    }

    private let audit: AuditTrail
    private let log: Log
    private let orders: Mailbox<Order>
    private let state = Mutex(State())
    private struct State: Sendable {
        /// The one that is under way, as far as it is.
        var current: EraseReceipt?
        var isStopping = false
    }

    init(audit: AuditTrail, log: Log) throws(SystemError) {
        self.audit = audit
        self.log = log
        orders = try Mailbox(capacity: 1)
    }

    /// The thread that works; an erasure under way ends between two segments when it is told to stop.
    func start() throws -> PartThread {
        try PartThread.start(name: "erase") { [self] loop in
            try loop.receive(from: orders) { [self] order in work(order) }
            return Part(stop: { $0() })
        }
    }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Begins an erasure that is recorded: one that cannot be is refused.
    func begin(_ request: EraseRequest, in space: TenantStores.Space) -> Answer {
        let receipt = EraseReceipt(id: EraseReceipt.freshID(), request: request, startedAt: .now())
        let isFree = state.withLock { state in
            guard state.current == nil, !state.isStopping else { return false }
            state.current = receipt
            return true
        }
        guard isFree else { return .busy }
        do {
            try audit.record(
                request.isDryRun ? "erase_tried" : "erase_begun", by: request.by,
                [
                    "receipt": receipt.id, "query": request.query, "what": request.extent.rawValue,
                    "tenant": space.tenant?.text ?? "",
                ])
            try ReceiptFiles(directory: space.store.directory).write(receipt)
        } catch {
            state.withLock { $0.current = nil }
            return .refused(reason: "\(error)")
        }
        guard orders.post(Order(receipt: receipt, space: space)) else {
            state.withLock { $0.current = nil }
            return .busy
        }
        return .begun(id: receipt.id)
    }

    /// What is known of an erasure; nil where this store has none of that id.
    func receipt(_ id: String, of space: TenantStores.Space) throws -> [UInt8]? {
        if let current = state.withLock({ $0.current }), current.id == id {
            return current.request.tenant == space.tenant?.text ? current.json : nil
        }
        guard let bytes = try ReceiptFiles(directory: space.store.directory).read(id) else { return nil }
        return EraseReceipt.whenNobodyWorks(bytes)
    }

    private func work(_ order: Order) {
        let request = order.receipt.request
        var receipt = order.receipt
        let erasure = Erasure(
            request, in: order.space.store, isCancelled: { [self] in state.withLock { $0.isStopping } },
            progress: { [self] progress in state.withLock { $0.current?.progress = progress } })
        do throws(EraseFailure) {
            receipt.result = try erasure.run()
            receipt.state = .done
        } catch {
            receipt.failure = error.description
            receipt.state = .failed
        }
        receipt.finishedAt = .now()
        let result = receipt.result
        do {
            try ReceiptFiles(directory: order.space.store.directory).write(receipt)
        } catch {
            log.error(
                "receipt_failed", "the receipt of an erasure cannot be written",
                ["receipt": receipt.id, "reason": "\(error)"])
        }
        audit.note(
            receipt.state == .done ? (request.isDryRun ? "erase_counted" : "erased") : "erase_failed", by: request.by,
            [
                "receipt": receipt.id, "traces": String(result?.traces.count ?? 0), "spans": String(result?.spans ?? 0),
                "digest": result.map { EraseReceipt.digest($0.traces) } ?? "",
                "verified": result?.isVerified.map { String($0) } ?? "", "reason": receipt.failure ?? "",
            ])
        state.withLock { $0.current = nil }
    }
}
