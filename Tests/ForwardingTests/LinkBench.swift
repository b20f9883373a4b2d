import EventLoop
import HTTP
import OTLPDelivery
import SelfTelemetry
import Spool
import StorageTesting
import Testing
import TraceModel
import WireFormat

@testable import Forwarding

/// A client whose answers the test gives.
final class ScriptedSender: RequestSender {
    private(set) var requests: [HTTPClientRequest] = []
    private var waiting: [(Int, (Result<HTTPClientResponse, HTTPClientError>) -> Void)] = []

    func send(
        _ request: HTTPClientRequest, deadline: Duration,
        _ done: @escaping (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        waiting.append((requests.count, done))
        requests.append(request)
    }

    func close() {}

    var open: Int { waiting.count }
    var sequences: [String] { requests.map { $0.headers["x-hms-sequence"] ?? "" } }

    /// Answers the oldest request that has no answer.
    func answer(_ status: Int, _ headers: [(String, String)] = []) {
        waiting.removeFirst().1(.success(HTTPClientResponse(status: status, headers: HTTPHeaders(headers))))
    }

    func fail(_ reason: HTTPClientError.Reason) {
        waiting.removeFirst().1(.failure(HTTPClientError(reason, endpoint: "a:1", mayHaveBeenProcessed: true)))
    }
}

/// Links to several collectors over one spool, with scripted clients, on one loop.
final class LinkBench {
    let directory: TemporaryDirectory
    let storage = FaultyStorage()
    let loop: EventLoop
    let spool: Spool
    let collectors: CollectorSet
    let senders: [ScriptedSender]
    let links: [CollectorLink]
    let mover: BatchMover
    private let recovered: [RecoveredLane]
    private let sync: SpoolSync
    private var lanes: [LaneKey: Lane] = [:]

    init(
        _ names: [String] = ["a:1"], directory: TemporaryDirectory = TemporaryDirectory(), batchBytes: Int = 1,
        backoff: Duration = .milliseconds(1), maxInFlightBytes: Int = 4 << 20
    ) throws {
        self.directory = directory
        loop = try EventLoop()
        var options = SpoolOptions(directory: directory.path)
        options.batchBytes = batchBytes
        options.retryPause = .zero
        (spool, recovered) = try Spool.open(options, keys: [], storage: storage) { _ in }
        sync = try SpoolSync(spool)
        let (loop, spool, recovered, sync) = (loop, spool, recovered, sync)
        let collectors = CollectorSet(names: names)
        self.collectors = collectors
        senders = names.map { _ in ScriptedSender() }
        let packer = BatchPacker(spool, level: 1)
        var linkOptions = CollectorLink.Options()
        linkOptions.backoff = Backoff(cap: backoff)
        linkOptions.encoding = .none
        linkOptions.maxInFlightBytes = maxInFlightBytes
        let refused = RefusedBatches(directory: directory.path + "/refused", maxBytes: 1 << 20)
        links = zip(names, senders).map { name, sender in
            CollectorLink(
                name, loop: loop, client: sender, options: linkOptions,
                counters: ForwardCounters(registry: MetricRegistry(), collector: name), packer: packer,
                refused: refused,
                log: .silent, settled: { spool.reclaim($0.lane) })
        }
        let links = links
        mover = BatchMover(
            collectors: collectors, packer: packer, log: .silent, settled: { spool.reclaim($0.lane) }
        ) { key in
            try Lane(key, in: spool, recovered: recovered.lane(for: key), loop: loop, sync: sync) { batch in
                collectors.names.firstIndex(of: key.collector).map { links[$0].add(batch) }
            }
        }
    }

    /// A batch of its own; it goes to its collector's link.
    func store(_ message: [UInt8], items: Int = 1, _ kind: SignalKind = .traces, for collector: Int = 0) throws {
        let key = LaneKey(door: "tcp", kind: kind, collector: collectors.names[collector])
        let link = links[collector]
        let lane =
            try lanes[key]
            ?? Lane(key, in: spool, recovered: recovered.lane(for: key), loop: loop, sync: sync) { link.add($0) }
        lanes[key] = lane
        let room = try #require(lane.makeRoom(message: message.count, note: 0))
        lane.append(message.span, items: items, in: room) { if case .stored = $0 {} else { Issue.record("\($0)") } }
        lane.flush()
    }

    func store(_ text: String) throws { try store(Array(text.utf8)) }

    func takeRecovered() -> [SpooledBatch] { recovered.flatMap { $0.takeBatches() } }

    func run(until condition: () -> Bool) throws {
        let deadline = MonotonicTime.now() + .seconds(10)
        while !condition() {
            try #require(MonotonicTime.now() < deadline, "what was waited for did not happen")
            loop.runOnce(timeout: .milliseconds(2))
        }
    }

    func total(_ value: (LaneAccount.Figures) -> UInt64) -> UInt64 { spool.lanes.reduce(0) { $0 + value($1.figures) } }
}
