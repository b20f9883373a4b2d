import EventLoop
import Forwarding
import Receiving
import Spool
import WireFormat

/// The lanes of one door: finds those that a message goes into. Lives on the door's loop.
final class LaneOutbox {
    private let door: String
    private let collectors: CollectorSet
    private let makeLane: (LaneKey) throws -> Lane
    private let fallback: (any Error) -> Void
    /// No longer one could ever be taken.
    let largestMessage: Int
    private var lanes: [[Lane?]]

    /// - Parameter fallback: told when a lane cannot be made; senders are asked to come again.
    init(
        door: String, collectors: CollectorSet, largestMessage: Int, makeLane: @escaping (LaneKey) throws -> Lane,
        fallback: @escaping (any Error) -> Void
    ) {
        self.door = door
        self.collectors = collectors
        self.largestMessage = largestMessage
        self.makeLane = makeLane
        self.fallback = fallback
        lanes = SignalKind.allCases.map { _ in [Lane?](repeating: nil, count: collectors.count) }
    }

    enum Outcome {
        /// `done` is called, or was.
        case taken
        /// The spool is full; nothing was kept.
        case noRoom
        /// For the parts of the message, which are copies; nothing was kept.
        case noMemory
    }

    /// Takes a message into the lanes of the collectors that own its traces.
    func append(
        _ telemetry: borrowing AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void
    ) -> Outcome {
        let message = telemetry.bytes.span.extracting(telemetry.payload)
        // What has no item left is only counted, and any lane does.
        guard collectors.count > 1, telemetry.items > 0 else {
            guard let lane = lane(telemetry.kind, 0) else { return .noRoom }
            guard let room = lane.makeRoom(message: message.count, note: telemetry.note.count) else { return .noRoom }
            lane.append(
                message, items: telemetry.items, sampled: telemetry.sampledOut, note: telemetry.note, in: room
            ) { done(Self.answer($0)) }
            return .taken
        }
        // The parts of a large one are as much again, until they are in the lanes.
        guard let memory, message.count >= AcceptedTelemetry.largeBytes else {
            return appendParts(message, telemetry, done) ? .taken : .noRoom
        }
        // A share of their own: the other is given back as soon as the message is answered, which may be before this returns.
        guard let copies = memory.another(message.count) else { return .noMemory }
        defer { copies.giveBack() }
        return appendParts(message, telemetry, done) ? .taken : .noRoom
    }

    func flush() {
        for kind in lanes { for lane in kind { lane?.flush() } }
    }

    private func lane(_ kind: SignalKind, _ collector: Int) -> Lane? {
        let index = Int(kind.rawValue) - 1
        if let lane = lanes[index][collector] { return lane }
        do {
            let lane = try makeLane(LaneKey(door: door, kind: kind, collector: collectors.names[collector]))
            lanes[index][collector] = lane
            return lane
        } catch {
            fallback(error)
            return nil
        }
    }

    private static func answer(_ answer: LaneAnswer) -> SinkAnswer {
        switch answer {
        case .stored: .accepted
        case .duplicate: .duplicate
        case .failed(let error): .busy(reason: "not spooled: \(error)", retryAfter: .seconds(1))
        }
    }

    // MARK: several collectors

    /// What has become of the parts of one message.
    private final class Parts {
        var open: Int
        var stored = 0
        var duplicates = 0
        var failure: SinkAnswer?
        let done: (SinkAnswer) -> Void

        init(_ count: Int, _ done: @escaping (SinkAnswer) -> Void) {
            open = count
            self.done = done
        }

        func settle(_ answer: LaneAnswer, items: Int) {
            switch answer {
            case .stored: stored += items
            case .duplicate: duplicates += items
            case .failed: failure = LaneOutbox.answer(answer)
            }
            open -= 1
            guard open == 0 else { return }
            done(
                failure
                    ?? (duplicates == 0 ? .accepted : stored == 0 ? .duplicate : .partlyDuplicate(items: duplicates)))
        }
    }

    private func appendParts(
        _ message: Span<UInt8>, _ telemetry: borrowing AcceptedTelemetry, _ done: @escaping (SinkAnswer) -> Void
    ) -> Bool {
        let parts: [Sharding.Part]
        do throws(WireError) {
            parts = try Sharding.parts(
                of: message, telemetry.kind, items: telemetry.items, runs: telemetry.runs, services: telemetry.services,
                among: collectors)
        } catch {
            // The scanner has passed this very message.
            preconditionFailure("a checked message cannot be divided: \(error)")
        }
        // Room for all of them first, so that a message is taken whole or not at all.
        var places: [(lane: Lane, room: Lane.Room)] = []
        for (index, part) in parts.enumerated() {
            let note = index == 0 ? telemetry.note.count : 0
            guard let lane = lane(telemetry.kind, part.collector),
                let room = lane.makeRoom(message: part.bytes?.count ?? message.count, note: note)
            else {
                for place in places { place.lane.giveBack(place.room) }
                return false
            }
            places.append((lane, room))
        }
        let joined = Parts(parts.count, done)
        for (index, (part, place)) in zip(parts, places).enumerated() {
            let note = index == 0 ? telemetry.note : []
            let sampled = index == 0 ? telemetry.sampledOut : 0
            let settle: (LaneAnswer) -> Void = { joined.settle($0, items: part.items) }
            if let bytes = part.bytes {
                place.lane.append(bytes.span, items: part.items, sampled: sampled, note: note, in: place.room, settle)
            } else {
                place.lane.append(message, items: part.items, sampled: sampled, note: note, in: place.room, settle)
            }
        }
        return true
    }
}
