package import SelfTelemetry
package import Spool
import WireFormat

/// Moves batches of a collector that is given up into lanes of the others. Such a lane knows what came to it, so that a
/// move that was cut off by a crash and is done again stores nothing twice. Lives on the loop that forwards.
package final class BatchMover {
    private let collectors: CollectorSet
    private let packer: BatchPacker
    private let makeLane: (LaneKey) throws -> Lane
    private let log: Log
    private var lanes: [LaneKey: Lane] = [:]
    private var scanner = TelemetryScanner(collectsTraces: true)
    private let settled: (SpooledBatch) -> Void

    /// - Parameters:
    ///   - settled: called after each batch that was moved.
    ///   - makeLane: makes a lane on this loop; what it posts goes to the forwarder.
    package init(
        collectors: CollectorSet, packer: BatchPacker, log: Log, settled: @escaping (SpooledBatch) -> Void,
        makeLane: @escaping (LaneKey) throws -> Lane
    ) {
        self.settled = settled
        self.collectors = collectors
        self.packer = packer
        self.log = log
        self.makeLane = makeLane
    }

    package func flush() { for lane in lanes.values { lane.flush() } }

    enum Failure {
        /// Its collector may have it as well.
        case nothingMoved
        /// Part of it stands in other lanes, so that only another move may end it: these know what they have.
        case movedInPart
    }

    /// Calls `failed`, now or later, when it cannot be moved.
    func move(_ batch: SpooledBatch, failed: @escaping (Failure) -> Void) {
        let isLarge = batch.length > BatchPacker.largeBytes
        guard !isLarge || packer.placeForLarge.takeIfFree() else { return failed(.nothingMoved) }
        defer {
            packer.forgetLarge()
            if isLarge { packer.placeForLarge.giveBack() }
        }
        let content: BatchReader.Content
        do throws(SpoolError) { content = try packer.read(batch) } catch {
            log.error(
                "failover_unreadable", "a batch cannot be read back from the spool now, and is not moved",
                ["reason": "\(error)", "items": batch.items])
            return failed(.nothingMoved)
        }
        do {
            let kind = batch.lane.key.kind
            let damaged =
                batch.items - min(batch.items, content.items) + batch.sampled - min(batch.sampled, content.sampled)
            let message = packer.message
            guard !message.isEmpty else {
                settle(batch, moved: 0, sampled: content.sampled, damaged: damaged)
                return
            }
            try scanner.scan(message.span, as: kind)
            let parts = try Sharding.parts(
                of: message.span, kind, items: Int(clamping: content.items), runs: scanner.runs,
                services: scanner.services, among: collectors)
            put(parts, batch, content, damaged, failed)
        } catch {
            log.error("failover_move", "a batch cannot be moved", ["reason": "\(error)"])
            failed(.nothingMoved)
        }
    }

    private func put(
        _ parts: [Sharding.Part], _ batch: SpooledBatch, _ content: BatchReader.Content, _ damaged: UInt64,
        _ failed: @escaping (Failure) -> Void
    ) {
        let note = Self.origin(of: batch)
        let message = packer.message
        // Room for all of them first, so that what there is no room for is not moved in part.
        var places: [(lane: Lane, room: Lane.Room, part: Sharding.Part)] = []
        for part in parts {
            let key = LaneKey(
                door: LaneKey.moved, kind: batch.lane.key.kind, collector: collectors.names[part.collector])
            let length = part.bytes?.count ?? message.count
            guard let lane = lane(key), let room = lane.makeRoom(message: length, note: note.count) else {
                for place in places { place.lane.giveBack(place.room) }
                return failed(.nothingMoved)
            }
            places.append((lane, room, part))
        }
        var open = places.count
        var stored = 0
        let count = places.count
        for place in places {
            let bytes = place.part.bytes ?? message
            place.lane.append(bytes.span, items: place.part.items, note: note, in: place.room) { [self] answer in
                if case .failed = answer {} else { stored += 1 }
                open -= 1
                guard open == 0 else { return }
                guard stored == count else { return failed(stored == 0 ? .nothingMoved : .movedInPart) }
                settle(batch, moved: content.items, sampled: content.sampled, damaged: damaged)
            }
            place.lane.flush()
        }
    }

    /// Makes what is moved twice equal to itself and to nothing else, as two batches of equal metrics may both be meant.
    private static func origin(of batch: SpooledBatch) -> [UInt8] {
        Array("\(batch.lane.sender) \(batch.sequence)".utf8)
    }

    private func lane(_ key: LaneKey) -> Lane? {
        if let lane = lanes[key] { return lane }
        do {
            let made = try makeLane(key)
            lanes[key] = made
            return made
        } catch {
            log.error("failover_lane", "no lane can be made for moved batches", ["reason": "\(error)"])
            return nil
        }
    }

    private func settle(_ batch: SpooledBatch, moved: UInt64, sampled: UInt64, damaged: UInt64) {
        var outcome = LaneAccount.Outcome()
        outcome.moved = moved
        if sampled > 0 { outcome.dropped[.sampled] = sampled }
        if damaged > 0 { outcome.dropped[.damaged] = damaged }
        if let failure = batch.lane.settle(batch, outcome) {
            log.error("spool_settle", "what was moved cannot be noted", ["reason": failure])
        }
        settled(batch)
    }
}
