import Compression
package import EventLoop
package import HTTP
import OTLP
package import WireFormat

/// Delivers requests to one server, several at a time, and sends each again until the server has answered for it. It keeps
/// what it was given until then, so whoever feeds it bounds that by `hasRoom`. Lives on one loop.
package final class BatchCourier {
    package struct Options: Sendable {
        package var dialect = CollectorDialect.hms
        package var encoding = BatchEncoding.zstd
        /// Requests on their way or waiting to be sent again.
        package var maxInFlight = 4
        package var maxInFlightBytes = 16 << 20
        package var deadline = Duration.seconds(30)
        package var backoff = Backoff(cap: .seconds(2))
        /// The `x-hms-sender` of all requests, a uuid.
        package var sender = ""
        /// What every request says besides; asked for each, as keys may be changed.
        package var headers: @Sendable () -> [(String, String)] = { [] }
        /// Without a success for so long everything is given up; nil: never.
        package var patience: Duration?
        /// Statuses that waiting does not mend in the caller's eyes: everything is given up at once.
        package var fatalStatuses: Set<Int> = []
        package init() {}
    }

    package struct Batch: Sendable {
        package var kind: SignalKind
        package var message: [UInt8]
        package var items: Int
        package var sequence: UInt64
        /// Instead of the courier's own; a uuid.
        package var sender: String?
        /// The caller's to know it by.
        package var tag: Int

        package init(
            kind: SignalKind, message: [UInt8], items: Int, sequence: UInt64, sender: String? = nil, tag: Int = 0
        ) {
            self.kind = kind
            self.message = message
            self.items = items
            self.sequence = sequence
            self.sender = sender
            self.tag = tag
        }
    }

    package enum Outcome: Equatable {
        /// The server has it, without so many items of it.
        case delivered(rejected: Int)
        /// It will never be taken.
        case refused(reason: String)
        /// The server could not be brought to take anything.
        case gaveUp(reason: String)
    }

    private struct Entry {
        var batch: Batch
        var packed: (body: [UInt8], encoding: BatchEncoding)?
    }

    private let loop: EventLoop
    private let client: any RequestSender
    private let options: Options
    private let ended: (Batch, Outcome) -> Void
    /// What the last try of something ran into; called at each trouble.
    package var onTrouble: (String) -> Void = { _ in }
    private var encoding: BatchEncoding
    private var ready: [Entry] = []
    private var inFlight = 0
    private var heldBytes = 0
    private var held = 0
    private var backoff: Backoff
    private var pause: Timer?
    private var isClosed = false
    private var zstd = ZstdCompressor(level: 1)
    package private(set) var troubledSince: MonotonicTime?
    package private(set) var retries: UInt64 = 0

    /// `ended` is called once for each batch, never within `send`; not for those that are open at `close`.
    package init(
        loop: EventLoop, client: any RequestSender, options: Options, ended: @escaping (Batch, Outcome) -> Void
    ) {
        self.loop = loop
        self.client = client
        self.options = options
        self.ended = ended
        encoding = options.encoding
        backoff = options.backoff
    }

    /// Whether another batch may be given; one is always taken when there is none.
    package var hasRoom: Bool {
        held == 0 || held < options.maxInFlight && heldBytes < options.maxInFlightBytes
    }

    package var isIdle: Bool { held == 0 }

    package func send(_ batch: Batch) {
        held += 1
        heldBytes += batch.message.count
        ready.append(Entry(batch: batch))
        loop.atEndOfRound { [weak self] in self?.pump() }
    }

    package func close() {
        isClosed = true
        pause?.cancel()
        client.close()
    }

    private func pump() {
        // After trouble one tries the way; the others follow when it has come through.
        let allowed = troubledSince == nil ? options.maxInFlight : 1
        while !isClosed, pause == nil, inFlight < allowed, !ready.isEmpty { transmit(ready.removeFirst()) }
    }

    private func transmit(_ entry: Entry) {
        var entry = entry
        let packed: (body: [UInt8], encoding: BatchEncoding)
        do throws(CompressionError) {
            packed = try pack(entry)
        } catch {
            return loop.atEndOfRound { [self] in end(entry.batch, .refused(reason: "\(error)")) }
        }
        entry.packed = packed
        let parcel = CollectorDialect.Parcel(
            kind: entry.batch.kind, body: packed.body, message: options.dialect.prefixLength..<packed.body.count,
            encoding: packed.encoding, sender: entry.batch.sender ?? options.sender, sequence: entry.batch.sequence)
        let request = options.dialect.request(parcel, authorization: nil, context: options.headers())
        inFlight += 1
        client.send(request, deadline: options.deadline) { [weak self] result in
            guard let self else { return }
            inFlight -= 1
            settle(entry, result)
            pump()
        }
    }

    private func pack(_ entry: Entry) throws(CompressionError) -> (body: [UInt8], encoding: BatchEncoding) {
        if let packed = entry.packed, packed.encoding == encoding { return packed }
        var body = [UInt8](repeating: 0, count: options.dialect.prefixLength)
        switch encoding {
        case .none: body += entry.batch.message
        case .zstd: try zstd.compress(entry.batch.message.span, into: &body)
        case .gzip:
            var gzip = try GzipCompressor(level: 1)
            try gzip.compress(entry.batch.message.span, into: &body)
        }
        options.dialect.completePrefix(of: &body, encoding)
        // A copy of the right size: compressors leave the array with room for the worst case.
        return (Array(body[...]), encoding)
    }

    private func settle(_ entry: Entry, _ result: Result<HTTPClientResponse, HTTPClientError>) {
        guard !isClosed else { return }
        switch result {
        case .failure(let error): retry(entry, after: nil, error.description)
        case .success(let response) where options.fatalStatuses.contains(response.status):
            retry(entry, after: .zero, "status \(response.status)")
            giveUp("the server answers with status \(response.status)")
        case .success(let response):
            switch DeliveryVerdict.of(response, options.dialect, entry.packed?.encoding ?? encoding) {
            case .delivered(let rejected):
                comesThrough()
                end(entry.batch, .delivered(rejected: min(max(rejected, 0), entry.batch.items)))
            case .refused(let reason):
                comesThrough()
                end(entry.batch, .refused(reason: reason))
            case .repack:
                if let plainer = entry.packed?.encoding.plainer, encoding == entry.packed?.encoding {
                    encoding = plainer
                }
                ready.insert(entry, at: 0)
            case .retry(let delay, let reason): retry(entry, after: delay, reason)
            }
        }
    }

    private func retry(_ entry: Entry, after delay: Duration?, _ reason: String) {
        retries += 1
        let since = troubledSince ?? loop.now()
        troubledSince = since
        onTrouble(reason)
        ready.insert(entry, at: 0)
        if let patience = options.patience, loop.now() - since >= patience { return giveUp(reason) }
        guard pause == nil else { return }
        let delay = delay ?? backoff.next(random: .random(in: .min ... .max))
        pause = loop.schedule(after: delay) { [weak self] in
            self?.pause = nil
            self?.pump()
        }
    }

    private func giveUp(_ reason: String) {
        pause?.cancel()
        pause = nil
        let entries = ready
        ready = []
        for entry in entries { end(entry.batch, .gaveUp(reason: reason)) }
    }

    private func comesThrough() {
        troubledSince = nil
        backoff.reset()
    }

    private func end(_ batch: Batch, _ outcome: Outcome) {
        held -= 1
        heldBytes -= batch.message.count
        ended(batch, outcome)
    }
}
