import EventLoop
import Files
import StorageTesting
import Synchronization
import Testing
import WireFormat

@testable import Spool

/// A spool, lanes and their loop, driven by the test.
final class SpoolBench {
    let directory: TemporaryDirectory
    let storage: FaultyStorage
    let loop: EventLoop
    let spool: Spool
    let recovered: [RecoveredLane]
    let sync: SpoolSync
    private(set) var posted: [SpooledBatch] = []
    private let events = EventList()
    /// What was found beside messages.
    let notes = NoteList()
    private var lanes: [LaneKey: Lane] = [:]

    static let traces = LaneKey(door: "tcp", kind: .traces, collector: "127.0.0.1:1")
    static let metrics = LaneKey(door: "tcp", kind: .metrics, collector: "127.0.0.1:1")

    final class EventList: Sendable {
        let list = Mutex<[SpoolEvent]>([])
    }

    final class NoteList {
        var list: [[UInt8]] = []
    }

    /// What became of one message.
    final class Reply {
        fileprivate(set) var answer: LaneAnswer?

        /// `stored`, `duplicate`, `failed` or, while there is none, `open`.
        var text: String {
            switch answer {
            case .stored: "stored"
            case .duplicate: "duplicate"
            case .failed: "failed"
            case nil: "open"
            }
        }
    }

    init(
        _ directory: TemporaryDirectory = TemporaryDirectory(), storage: FaultyStorage = FaultyStorage(),
        _ configure: (inout SpoolOptions) -> Void = { _ in }
    ) throws {
        self.directory = directory
        self.storage = storage
        loop = try EventLoop()
        var options = SpoolOptions(directory: directory.path)
        options.bootID = "first"
        options.retryPause = .zero
        configure(&options)
        let events = events
        let notes = notes
        (spool, recovered) = try Spool.open(
            options, keys: [Self.traces, Self.metrics], storage: storage, onNote: { notes.list.append($1) }
        ) { event in
            events.list.withLock { $0.append(event) }
        }
        sync = try SpoolSync(spool)
    }

    /// What a process finds that starts after this one was killed now.
    func restart(
        storage: FaultyStorage = FaultyStorage(), _ configure: (inout SpoolOptions) -> Void = { _ in }
    ) throws -> SpoolBench {
        try SpoolBench(directory.copyTree(), storage: storage, configure)
    }

    func lane(_ key: LaneKey = traces) throws -> Lane {
        if let lane = lanes[key] { return lane }
        let lane = try Lane(key, in: spool, recovered: recovered.lane(for: key), loop: loop, sync: sync) {
            [unowned self] in
            posted.append($0)
        }
        lanes[key] = lane
        return lane
    }

    /// Nil when there is no room.
    @discardableResult
    func append(_ text: String, items: Int = 1, note: [UInt8] = [], to key: LaneKey = traces) throws -> Reply? {
        let lane = try lane(key)
        let bytes = Array(text.utf8)
        guard let room = lane.makeRoom(message: bytes.count, note: note.count) else { return nil }
        let reply = Reply()
        lane.append(bytes.span, items: items, note: note, in: room) { answer in
            #expect(reply.answer == nil, "a message was answered twice")
            reply.answer = answer
        }
        return reply
    }

    /// Ends the round.
    func turn() { loop.runOnce(timeout: .zero) }

    /// Takes a message in a round of its own.
    @discardableResult
    func store(_ text: String, items: Int = 1, note: [UInt8] = [], to key: LaneKey = traces) throws -> String {
        guard let reply = try append(text, items: items, note: note, to: key) else { return "no room" }
        turn()
        return reply.text
    }

    func run(until condition: () -> Bool) throws {
        let deadline = MonotonicTime.now() + .seconds(10)
        while !condition() {
            try #require(MonotonicTime.now() < deadline, "what was waited for did not happen")
            loop.runOnce(timeout: .milliseconds(5))
        }
    }

    func flush() { for lane in lanes.values { lane.flush() } }

    /// What was posted, the recovered batches first; each once.
    func takeBatches() -> [SpooledBatch] {
        defer { posted = [] }
        return recovered.flatMap { $0.takeBatches() } + posted
    }

    var eventNames: [String] {
        events.list.withLock { $0.map { String("\($0)".prefix { $0 != "(" }) } }
    }

    var figures: LaneAccount.Figures? { spool.lanes.first { $0.key == Self.traces }?.figures }

    func text(of batch: SpooledBatch) throws -> String {
        var bytes: [UInt8] = []
        _ = try BatchReader(spool).read(batch, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads and settles all batches as a collector would that takes everything; returns their messages.
    @discardableResult
    func deliver() throws -> [String] {
        flush()
        return try takeBatches().map { batch in
            let text = try text(of: batch)
            try settle(batch)
            return text
        }
    }

    func settle(_ batch: SpooledBatch) throws {
        var bytes: [UInt8] = []
        let content = try BatchReader(spool).read(batch, into: &bytes)
        var outcome = LaneAccount.Outcome()
        outcome.forwarded = content.items
        if content.items < batch.items { outcome.dropped[.damaged] = batch.items - content.items }
        if let failure = batch.lane.settle(batch, outcome) { Issue.record("\(failure)") }
        spool.reclaim(batch.lane)
    }

    /// The one lane's directory name.
    static let laneDirectory = traces.directoryName
    func segments() -> [String] {
        ((try? listDirectory("\(directory.path)/\(Self.laneDirectory)")) ?? []).filter { $0.hasSuffix(".spool") }
            .sorted()
    }
    func quarantined() -> [String] { (try? listDirectory(directory.path + "/quarantine")) ?? [] }
}
