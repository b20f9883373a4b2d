import Compression
import EventLoop
import Files
import Glibc
import HTTP
import SelfTelemetry
import Spool
import Testing
import WireFormat

@testable import Forwarding

/// A collector that answers as it is told and remembers what it was sent.
final class ScriptedCollector: HTTPService {
    /// Answers to give, in order; then 200. Nil leaves the request without an answer.
    var answers: [HTTPResponse?] = []
    var received: [(path: String, sender: String, sequence: String, encoding: String, body: [UInt8])] = []
    private let decoder = BodyDecoder()

    func admit(_ head: RequestHead) -> HTTPResponse? { nil }

    func serve(_ exchange: HTTPExchange) {
        let headers = exchange.head.headers
        let encoding = headers["content-encoding"] ?? "identity"
        var plain: [UInt8] = []
        do {
            let known = try #require(ContentEncoding(rawValue: encoding))
            try decoder.decode(exchange.body.span, as: known, limit: 8 << 20, into: &plain)
        } catch { Issue.record(error) }
        received.append(
            (exchange.head.path, headers["x-hms-sender"] ?? "", headers["x-hms-sequence"] ?? "", encoding, plain))
        guard let answer = answers.isEmpty ? HTTPResponse(status: 200) : answers.removeFirst() else { return }
        exchange.respond(answer)
    }

    var texts: [String] { received.map { String(decoding: $0.body, as: UTF8.self) } }
    var sequences: [String] { received.map(\.sequence) }
}

/// A lane, a forwarder and its collector on one loop, over a spool in a directory of its own, driven by the test.
final class ForwardingBench {
    let loop: EventLoop
    let collector = ScriptedCollector()
    let server: HTTPServer
    let route: ForwardRoute
    let spool: Spool
    let lane: Lane
    private let link: CollectorLink
    private let forwarder: Forwarder
    let directory: String
    private let ownsDirectory: Bool

    /// - Parameter directory: of an earlier bench, to go on where that ended.
    init(
        directory: String? = nil, maxBytes: Int = 1 << 20, batchBytes: Int = 100, deadline: Duration = .seconds(20),
        kind: SignalKind = .traces
    ) throws {
        loop = try EventLoop()
        server = try HTTPServer(loop: loop, address: .loopback(port: 0), service: collector)
        route = try ForwardRoute()
        ownsDirectory = directory == nil
        self.directory = directory ?? Self.newDirectory()
        var options = SpoolOptions(directory: self.directory)
        options.maxBytes = maxBytes
        options.batchBytes = batchBytes
        options.maxDelay = .milliseconds(20)
        let key = LaneKey(door: "tcp", kind: kind, collector: "test:1")
        let (spool, recovered) = try Spool.open(options, keys: [key]) { _ in }
        self.spool = spool
        let (sync, route) = (try SpoolSync(spool), route)
        lane = try Lane(key, in: spool, recovered: recovered.lane(for: key), loop: loop, sync: sync) { route.post($0) }
        var clientOptions = HTTPClientOptions()
        clientOptions.failsWhenConnectFails = true
        let client = HTTPClient(
            loop: loop, endpoint: HTTPEndpoint(address: server.localAddress), options: clientOptions)
        let collectors = CollectorSet(names: ["test:1"])
        var linkOptions = CollectorLink.Options()
        linkOptions.deadline = deadline
        let packer = BatchPacker(spool, level: 1)
        link = CollectorLink(
            "test:1", loop: loop, client: client, options: linkOptions,
            counters: ForwardCounters(registry: MetricRegistry(), collector: "test:1"), packer: packer,
            refused: RefusedBatches(directory: self.directory + "/refused", maxBytes: 1 << 20), log: .silent
        ) { spool.reclaim($0.lane) }
        struct NoLane: Error {}
        let mover = BatchMover(
            collectors: collectors, packer: packer, log: .silent, settled: { spool.reclaim($0.lane) }
        ) { _ in throw NoLane() }
        forwarder = try Forwarder(
            loop: loop, route: route, collectors: collectors, links: [link], mover: mover, failoverAfter: nil,
            log: .silent, isPersistent: { true })
        for lane in recovered { for batch in lane.takeBatches() { forwarder.add(batch) } }
    }

    deinit {
        link.close()
        server.close()
        if ownsDirectory { _ = Self.removeTree(directory) }
    }

    /// Lets go of the directory as a process does that is killed.
    static func newDirectory() -> String {
        var template = Array("/tmp/hms-forwarding-XXXXXX".utf8CString)
        return template.withUnsafeMutableBufferPointer { buffer in
            // mkdtemp writes into the buffer it is given and returns it, or nil when /tmp is not writable.
            String(cString: mkdtemp(buffer.baseAddress!)!)
        }
    }

    static func removeTree(_ path: String) -> Int32 {
        for name in (try? listDirectory(path)) ?? [] where unlink("\(path)/\(name)") != 0 {
            _ = removeTree("\(path)/\(name)")
        }
        return rmdir(path)
    }

    /// False when there was no room. The answer comes within the next round.
    func append(_ text: String, items: Int = 1, _ done: @escaping (LaneAnswer) -> Void = { _ in }) -> Bool {
        let bytes = Array(text.utf8)
        guard let room = lane.makeRoom(message: bytes.count, note: 0) else { return false }
        lane.append(bytes.span, items: items, in: room, done)
        return true
    }

    func run(until condition: () -> Bool) throws {
        let deadline = MonotonicTime.now() + .seconds(10)
        while !condition() {
            try #require(MonotonicTime.now() < deadline, "what was waited for did not happen")
            loop.runOnce(timeout: .milliseconds(5))
        }
    }

    var figures: LaneAccount.Figures { lane.account.figures }
    /// Something was accepted, and all of it has been answered for.
    var isSettled: Bool { figures.accepted > 0 && figures.spooled == 0 }
}
