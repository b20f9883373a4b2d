import EventLoop
import Receiving
import SelfTelemetry
import WireFormat

/// What a door that answers nobody has for the sink: hands it on in order, waits while the sink is busy, and gives up the oldest when
/// too much waits or waits too long. Counts every item once: as accepted, or as rejected. Lives on one loop.
final class DeliveryQueue {
    struct Options {
        var maxBytes = 4 << 20
        var patience = Duration.seconds(60)
        var longestPause = Duration.seconds(1)
    }

    private struct Entry {
        let kind: SignalKind
        let bytes: [UInt8]
        let items: Int
        let giveUpAt: MonotonicTime
    }

    private let loop: EventLoop
    private let sink: any TelemetrySink
    private let ingest: IngestCounters
    private let log: Log
    private let what: String
    private let options: Options
    private var waiting: [Entry] = []
    private var waitingBytes = 0
    private var retry: Timer?
    private var isSending = false

    /// - Parameter what: names the door in the log.
    init(
        loop: EventLoop, sink: any TelemetrySink, ingest: IngestCounters, log: Log, what: String,
        options: Options = Options()
    ) {
        self.loop = loop
        self.sink = sink
        self.ingest = ingest
        self.log = log
        self.what = what
        self.options = options
    }

    deinit { retry?.cancel() }

    var queuedBytes: Int { waitingBytes }

    func add(_ kind: SignalKind, _ bytes: [UInt8], items: Int) {
        guard items > 0 else { return }
        waiting.append(Entry(kind: kind, bytes: bytes, items: items, giveUpAt: loop.now() + options.patience))
        waitingBytes += bytes.count
        pump()
        while waitingBytes > options.maxBytes, waiting.count > 1 { giveUp() }
    }

    /// One last try for each; what the sink does not take is counted as lost.
    func drain() {
        retry?.cancel()
        retry = nil
        isSending = false
        let left = waiting
        (waiting, waitingBytes) = ([], 0)
        for entry in left { offer(entry) { [self] _ in lose(entry) } }
    }

    private func pump() {
        while !isSending, retry == nil, let first = waiting.first {
            if first.giveUpAt <= loop.now() {
                giveUp()
                continue
            }
            isSending = true
            waiting.removeFirst()
            waitingBytes -= first.bytes.count
            offer(first) { [weak self] retryAfter in self?.putBack(first, retryAfter) }
        }
    }

    private func offer(_ entry: Entry, _ busy: @escaping (Duration) -> Void) {
        let telemetry = AcceptedTelemetry(
            kind: entry.kind, bytes: entry.bytes, payload: 0..<entry.bytes.count, items: entry.items)
        sink.accept(telemetry, nil) { [weak self, ingest] answer in
            if case .busy(_, let retryAfter) = answer {
                busy(retryAfter)
                return
            }
            ingest.receivedBytes.add(entry.bytes.count)
            ingest.count(answer, entry.kind, entry.items)
            guard let self, isSending else { return }
            isSending = false
            pump()
        }
    }

    private func putBack(_ entry: Entry, _ retryAfter: Duration) {
        isSending = false
        waiting.insert(entry, at: 0)
        waitingBytes += entry.bytes.count
        guard retry == nil else { return }
        retry = loop.schedule(after: min(retryAfter, options.longestPause)) { [weak self] in
            self?.retry = nil
            self?.pump()
        }
    }

    private func giveUp() {
        let entry = waiting.removeFirst()
        waitingBytes -= entry.bytes.count
        lose(entry)
    }

    private func lose(_ entry: Entry) {
        ingest.countReceived(entry.kind, entry.items)
        ingest.countRejected(entry.kind, entry.items, .busy)
        log.warning(
            "metrics_lost", "the queue to the collector stayed full; what waited longest was given up",
            ["door": what, "signal": "\(entry.kind)", "items": entry.items])
    }
}
