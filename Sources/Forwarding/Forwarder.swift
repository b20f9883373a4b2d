import Compression
package import EventLoop
package import HTTP
import OTLP
package import SelfTelemetry
import WireFormat

/// Sends batches to the collector: compressed, numbered, several at a time over one connection, again until they are
/// acknowledged. Lives on one loop.
package final class Forwarder {
    package struct Options: Sendable {
        /// Names this sidecar to the collector, which stores each (sender, sequence) once.
        package var sender: String
        package var maxInFlight = 4
        package var deadline = Duration.seconds(30)
        package var compressionLevel = 1
        package var authority: String

        package init(sender: String, authority: String) {
            self.sender = sender
            self.authority = authority
        }
    }

    private struct Numbered {
        let sequence: UInt64
        let kind: SignalKind
        let items: Int
        let body: [UInt8]
        let reservedBytes: Int
    }

    private let loop: EventLoop
    private let route: ForwardRoute
    private let client: HTTPClient
    private let options: Options
    private let log: Log
    private var compressor: ZstdCompressor
    /// Compressed as they come, so that the budget holds several times as much while the collector is away.
    private var waiting: [Numbered] = []
    private var nextWaiting = 0
    private var scratch: [UInt8] = []
    /// Batches whose sending failed, oldest first; they keep their numbers.
    private var again: [Numbered] = []
    private var inFlight = 0
    private var sequence: UInt64 = 0
    private var backoff = Backoff(cap: .seconds(2))
    private var pause: Timer?
    private var drained: [@Sendable () -> Void] = []
    private var isTroubled = false

    private var counters: ForwardCounters { route.counters }

    package init(
        loop: EventLoop, route: ForwardRoute, client: HTTPClient, options: Options, log: Log
    ) throws(SystemError) {
        self.loop = loop
        self.route = route
        self.client = client
        self.options = options
        self.log = log
        compressor = ZstdCompressor(level: options.compressionLevel)
        try loop.receive(from: route.mailbox) { [weak self] message in self?.take(message) }
    }

    private func take(_ message: ForwardMessage) {
        switch message {
        case .batch(let batch):
            if let numbered = number(batch) { waiting.append(numbered) }
        case .drain(let done): drained.append(done)
        }
        pump()
    }

    // MARK: sending

    private func pump() {
        // After trouble one batch tries the way; the others follow when it has come through.
        let allowed = isTroubled ? 1 : options.maxInFlight
        while pause == nil, inFlight < allowed, let batch = takeNext() { send(batch) }
        if inFlight == 0, again.isEmpty, nextWaiting == waiting.count {
            let done = drained
            drained = []
            for action in done { action() }
        }
    }

    private func takeNext() -> Numbered? {
        if !again.isEmpty { return again.removeFirst() }
        guard nextWaiting < waiting.count else { return nil }
        let batch = waiting[nextWaiting]
        nextWaiting += 1
        if nextWaiting == waiting.count || nextWaiting >= 64 {
            waiting.removeSubrange(..<nextWaiting)
            nextWaiting = 0
        }
        return batch
    }

    /// Compresses a batch and gives it its number; nil when it had to be given up.
    private func number(_ batch: OutgoingBatch) -> Numbered? {
        scratch.removeAll(keepingCapacity: scratch.capacity <= 2 << 20)
        do throws(CompressionError) {
            try compressor.compress(batch.message.span, into: &scratch)
        } catch {
            // Only memory that ran out brings us here, for this batch; the ones behind it may fit.
            log.error("forward_compress", "a batch cannot be compressed and is dropped", ["reason": error])
            finish(batch.kind, batch.items, batch.reservedBytes) {
                $0.countDropped(batch.kind, batch.items, .queueFull)
            }
            return nil
        }
        // A copy of the right length: the scratch array has room for what cannot be compressed.
        let body = scratch.withUnsafeBufferPointer { Array($0) }
        let keptBytes = min(body.count, batch.reservedBytes)
        route.budget.release(batch.reservedBytes - keptBytes)
        sequence += 1
        return Numbered(
            sequence: sequence, kind: batch.kind, items: batch.items, body: body, reservedBytes: keptBytes)
    }

    private func send(_ batch: Numbered) {
        inFlight += 1
        let request = HTTPClientRequest(
            method: "POST", path: "/v1/\(batch.kind)",
            headers: HTTPHeaders([
                ("content-type", "application/x-protobuf"), ("content-encoding", "zstd"),
                ("x-hms-sender", options.sender), ("x-hms-sequence", String(batch.sequence)),
            ]), body: batch.body)
        client.send(request, deadline: options.deadline) { [weak self] result in
            guard let self else { return }
            inFlight -= 1
            settle(batch, result)
            pump()
        }
    }

    private func settle(_ batch: Numbered, _ result: Result<HTTPClientResponse, HTTPClientError>) {
        switch result {
        case .failure(let error) where error.reason == .closed:
            // The program ends; what is still here has been told as lost.
            break
        case .failure(let error):
            trouble("the collector cannot be reached", error.description)
            retry(batch, after: nil)
        case .success(let response):
            switch DeliveryVerdict.of(status: response.status, retryAfter: response.headers["retry-after"]) {
            case .delivered: deliver(batch, response)
            case .retry(let delay):
                trouble("the collector asks to come again", "status \(response.status)")
                retry(batch, after: delay)
            case .discard:
                log.error(
                    "forward_refused", "the collector refused a batch for good; it is dropped",
                    ["status": response.status, "items": batch.items, "answer": explanation(response)])
                finish(batch.kind, batch.items, batch.reservedBytes) {
                    $0.countDropped(batch.kind, batch.items, .refused)
                }
            }
        }
    }

    private func deliver(_ batch: Numbered, _ response: HTTPClientResponse) {
        if isTroubled {
            isTroubled = false
            log.info("forward_resumed", "the collector takes batches again")
        }
        backoff.reset()
        counters.connected.set(1)
        counters.batches.add()
        counters.sentBytes.add(batch.body.count)
        let partial = (try? ExportResponse.partialSuccess(response.body.span)) ?? nil
        // The collector's word, so it may be any number.
        let rejected = min(max(partial?.rejected ?? 0, 0), batch.items)
        finish(batch.kind, batch.items, batch.reservedBytes) {
            $0.countForwarded(batch.kind, batch.items - rejected)
            if rejected > 0 { $0.countDropped(batch.kind, rejected, .rejected) }
        }
    }

    private func finish(_ kind: SignalKind, _ items: Int, _ bytes: Int, _ count: (ForwardCounters) -> Void) {
        count(counters)
        counters.waiting[kind]?.subtract(items)
        route.budget.release(bytes)
    }

    private func retry(_ batch: Numbered, after delay: Duration?) {
        counters.retries.add()
        again.append(batch)
        again.sort { $0.sequence < $1.sequence }
        guard pause == nil else { return }
        pause = loop.schedule(after: delay ?? backoff.next(random: .random(in: .min ... .max))) { [weak self] in
            self?.pause = nil
            self?.pump()
        }
    }

    private func trouble(_ what: String, _ reason: String) {
        isTroubled = true
        counters.connected.set(0)
        log.warning("forward_trouble", what, ["collector": options.authority, "reason": reason])
    }

    private func explanation(_ response: HTTPClientResponse) -> String {
        if let status = try? ExportResponse.readStatus(response.body.span) { return status.message }
        return ""
    }
}
