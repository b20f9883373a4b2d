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

    /// Calls `failed`, now or later, when it cannot be moved; nothing has changed then that a later move would not find again.
    func move(_ batch: SpooledBatch, failed: @escaping () -> Void) {
        let isLarge = batch.length > BatchPacker.largeBytes
        guard !isLarge || packer.placeForLarge.take(orWhenFree: {}) else { return failed() }
        defer {
            packer.forgetLarge()
            if isLarge { packer.placeForLarge.giveBack() }
        }
        let content: BatchReader.Content
        do throws(SpoolError) { content = try packer.read(batch) } catch {
            log.error(
                "failover_unreadable", "a batch cannot be read back from the spool; it is lost",
                ["reason": "\(error)", "items": batch.items])
            settle(batch, moved: 0, sampled: 0, damaged: batch.items + batch.sampled)
            return
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
            failed()
        }
    }

    private func put(
        _ parts: [Sharding.Part], _ batch: SpooledBatch, _ content: BatchReader.Content, _ damaged: UInt64,
        _ failed: @escaping () -> Void
    ) {
        var open = parts.count
        var isWhole = true
        let done: (Bool) -> Void = { [self] isStored in
            isWhole = isWhole && isStored
            open -= 1
            guard open == 0 else { return }
            // Where a part failed the whole batch is moved again, and the parts that were stored are known.
            guard isWhole else { return failed() }
            settle(batch, moved: content.items, sampled: content.sampled, damaged: damaged)
        }
        let note = Self.origin(of: batch)
        for part in parts {
            let key = LaneKey(
                door: LaneKey.moved, kind: batch.lane.key.kind, collector: collectors.names[part.collector])
            let bytes = part.bytes ?? packer.message
            guard let lane = lane(key), let room = lane.makeRoom(message: bytes.count, note: note.count) else {
                done(false)
                continue
            }
            lane.append(bytes.span, items: part.items, note: note, in: room) { answer in
                if case .failed = answer { done(false) } else { done(true) }
            }
            lane.flush()
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
