package import EventLoop
import Files
import Synchronization
import WireFormat

/// What happened to a message that was given to a lane.
package enum LaneAnswer: Sendable {
    /// It stands in the spool.
    case stored
    /// The same bytes came a moment ago: a sender that did not see the answer repeats itself.
    case duplicate
    case failed(SpoolError)
}

/// The filling end of one lane: gathers the messages of a round of its loop, writes them at once, and tells each that it is
/// stored. Lives on the loop of its door.
package final class Lane {
    package let account: LaneAccount
    private let spool: Spool
    private let loop: EventLoop
    private let sync: SpoolSync?
    private let post: (SpooledBatch) -> Void

    private var segment: SpoolSegment?
    private var wasInMemory = false
    private var lastNumber: UInt64
    private var nextBatch: UInt64
    private var total: UInt64
    private var taken: TakenFile?
    private var recent = RecentDigests()
    private var filling: FillingBatch?
    private var closeTimer: Timer?
    private var round = LaneRound()
    private var synced: Mailbox<Synced>?
    private var awaitingSync: [UInt64: [LaneRound.Entry]] = [:]
    private var nextTicket: UInt64 = 0

    private struct Synced: Sendable {
        let ticket: UInt64
        let failure: StorageFailure?
    }

    /// - Parameter post: called with each batch that is complete, in the order of numbers.
    package init(
        _ key: LaneKey, in spool: Spool, recovered: RecoveredLane?, loop: EventLoop, sync: SpoolSync,
        post: @escaping (SpooledBatch) -> Void
    ) throws(SystemError) {
        account = recovered?.account ?? spool.makeAccount(key)
        self.spool = spool
        self.loop = loop
        self.sync = spool.options.sync == .always ? sync : nil
        self.post = post
        lastNumber = recovered?.lastSegmentNumber ?? 0
        nextBatch = recovered?.nextBatch ?? 1
        total = account.figures.accepted
        for digest in recovered?.takeDigests() ?? [] { recent.insert(digest) }
        guard self.sync != nil else { return }
        let mailbox = try Mailbox<Synced>(capacity: .max)
        try loop.receive(from: mailbox) { [weak self] in self?.finish($0) }
        synced = mailbox
    }

    private var needsDisk: Bool { account.key.door == LaneKey.moved && spool.options.directory != nil }

    // MARK: taking

    /// Space that was reserved for one message.
    package struct Room {
        fileprivate let bytes: Int
        fileprivate let isInMemory: Bool
    }

    /// Reserves space for a message and its note, to be used by `append` or given back. Nil when there is none.
    package func makeRoom(message: Int, note: Int) -> Room? {
        // While it is in memory the directory is tried again now and then, also when the memory is full.
        let isInMemory = (segment?.isInMemory ?? true) && !spool.mayUseDisk
        let room = Room(bytes: RecordHeader.length + message + note, isInMemory: isInMemory)
        if needsDisk {
            // What was on the disk must not go on in memory. It has its space already, which is given back once it was
            // moved, so a full spool does not keep it where it is.
            guard !isInMemory else { return nil }
            spool.take(room.bytes)
            return room
        }
        return spool.reserve(room.bytes, inMemory: room.isInMemory) ? room : nil
    }

    package func giveBack(_ room: Room) { spool.release(room.bytes, inMemory: room.isInMemory) }

    /// Takes a message; `done` is called when it is stored, or cannot be.
    ///
    /// - Parameters:
    ///   - sampled: items that sampling left out of the message. They count as accepted, and as dropped once the batch is
    ///     settled.
    ///   - note: what the door wants to find with this record after a restart.
    package func append(
        _ message: Span<UInt8>, items: Int, sampled: Int = 0, note: [UInt8] = [], in room: Room,
        _ done: @escaping (LaneAnswer) -> Void
    ) {
        let isLarge = message.count >= LaneRound.largeBytes
        if isLarge {
            commit()
        } else if round.isEmpty {
            loop.atEndOfRound { [weak self] in self?.commit() }
        }
        let digest = round.add(message, items: items, sampled: sampled, note: note, isInMemory: room.isInMemory, done)
        if items > 0, knowsRepeats(of: note) {
            if recent.contains(digest) {
                let entry = round.removeLast()
                spool.release(entry.length, inMemory: entry.isInMemory)
                answerRepeat(of: digest, done)
                return
            }
            recent.insert(digest)
        }
        if isLarge { commit(large: message) } else if round.bytes.count >= LaneRound.flushBytes { commit() }
    }

    /// Writes what waits and closes the batch that is filling.
    package func flush() {
        commit()
        closeFilling()
    }

    /// Two equal log records or data points may both be meant; two equal messages of spans are one. A datagram's note makes it
    /// unlike any other, and what was moved has a note of where it was.
    private func knowsRepeats(of note: [UInt8]) -> Bool {
        account.key.door == LaneKey.moved || account.key.kind == .traces && note.isEmpty
    }

    /// One that repeats a message which is not answered for yet shares its fate.
    private func answerRepeat(of digest: UInt64, _ done: @escaping (LaneAnswer) -> Void) {
        if round.contains(digest) { return round.addRepeat(done) }
        for (ticket, entries) in awaitingSync where entries.contains(where: { $0.digest == digest }) {
            awaitingSync[ticket]?.append(.repeating(done))
            return
        }
        done(.duplicate)
    }

    // MARK: writing

    private func commit() {
        let nothing: [UInt8] = []
        commit(large: nothing.span)
    }

    /// - Parameter large: the last message of the round, where that was too large to be gathered.
    private func commit(large: Span<UInt8>) {
        guard !round.isEmpty else { return }
        var failure: SpoolError?
        // Where the segment at hand fails another may do, in memory if need be.
        for _ in 0..<2 {
            do throws(SpoolError) {
                let segment = try segmentForWriting()
                try settleReservations(inMemory: segment.isInMemory)
                try write(large, to: segment)
                failure = nil
                break
            } catch {
                failure = error
                if segment == nil { break }
                leaveSegment()
            }
        }
        let entries = round.takeEntries()
        if let failure { return fail(entries, failure) }
        answer(entries)
        rollIfFull()
        scheduleClose()
    }

    private func segmentForWriting() throws(SpoolError) -> SpoolSegment {
        if let current = segment, !current.isSealed, !current.isForsaken.load(ordering: .acquiring) {
            guard current.isInMemory, spool.mayUseDisk else { return current }
            guard
                let better = spool.makeSegmentOnDisk(
                    for: account, after: lastNumber, total: total, firstBatch: nextBatch)
            else { return current }
            leaveSegment()
            return use(better)
        }
        leaveSegment()
        let made = try spool.makeSegment(
            for: account, after: lastNumber, total: total, firstBatch: nextBatch, mayUseMemory: !needsDisk)
        if made.isInMemory, spool.options.directory != nil, !wasInMemory, taken == nil {
            // Nothing would tell the next process of these numbers, and it must use none of them again.
            nextBatch += LaneRecovery.leap()
            account.begin(at: nextBatch, floor: nextBatch + LaneRecovery.leap())
        }
        return use(made)
    }

    private func use(_ made: SpoolSegment) -> SpoolSegment {
        lastNumber = made.header.number
        segment = made
        wasInMemory = made.isInMemory
        if !made.isInMemory, taken.map({ !fileExists($0.path) }) ?? true {
            // Without it what is cut off from the end of the newest segment is not counted; all else goes on.
            taken = try? TakenFile(directory: account.directory)
            taken?.note(TakenFile.Content(items: total, nextBatch: nextBatch))
        }
        account.add(made)
        return made
    }

    /// What was reserved for a file on the disk is held by one in memory now, or the other way round.
    private func settleReservations(inMemory: Bool) throws(SpoolError) {
        let bytes = round.bytesReserved(inMemory: !inMemory)
        guard bytes > 0 else { return }
        guard spool.reserve(bytes, inMemory: inMemory) else { throw .full(inMemory: inMemory) }
        spool.release(bytes, inMemory: !inMemory)
        round.move(inMemory: inMemory)
    }

    private func write(_ large: Span<UInt8>, to segment: SpoolSegment) throws(SpoolError) {
        // Another loop that needs space may have sealed it since it was looked at.
        guard segment.beginWriting() else { throw .unavailable(reason: "the segment was sealed") }
        let start = segment.end
        var (batch, total, next) = (filling, total, nextBatch)
        var closed: [FillingBatch] = []
        round.number(salt: segment.header.salt) { header, offset in
            if let full = batch, full.bytes > 0, full.bytes + header.messageLength > spool.options.batchBytes {
                closed.append(full)
                batch = nil
            }
            var current = batch ?? FillingBatch(sequence: next, start: start + offset)
            if batch == nil { next += 1 }
            total += UInt64(header.items) + UInt64(header.sampled)
            (header.batch, header.total) = (current.sequence, total)
            current.add(header, endingAt: start + offset + header.recordLength)
            batch = current
        }
        let isOverStale = start < Int(clamping: segment.header.staleThrough)
        do { try round.write(large, to: segment.file, at: start, isOverStale: isOverStale) } catch {
            segment.giveUpWriting()
            if !segment.isInMemory { spool.noteFailure("\(error)") }
            throw .storage(error)
        }
        segment.endWriting(through: start + round.length, newBatches: Int(next - nextBatch))
        (filling, self.total, nextBatch) = (batch, total, next)
        taken?.note(TakenFile.Content(items: total, nextBatch: nextBatch))
        account.accept(total: total)
        for batch in closed { handOn(batch, of: segment) }
        if let batch, batch.bytes >= spool.options.batchBytes { closeFilling() }
    }

    private func answer(_ entries: [LaneRound.Entry]) {
        guard let sync, let segment, let synced else {
            for entry in entries { entry.done(.stored) }
            return
        }
        nextTicket += 1
        let ticket = nextTicket
        awaitingSync[ticket] = entries
        sync.request(segment) { failure in synced.post(Synced(ticket: ticket, failure: failure)) }
    }

    private func finish(_ result: Synced) {
        guard let entries = awaitingSync.removeValue(forKey: result.ticket) else { return }
        guard let failure = result.failure else {
            for entry in entries { entry.done(.stored) }
            return
        }
        // It stands in the file, and is sent; that it is durable is what cannot be promised.
        for entry in entries {
            if let digest = entry.digest { recent.remove(digest) }
            entry.done(.failed(.storage(failure)))
        }
    }

    private func fail(_ entries: [LaneRound.Entry], _ error: SpoolError) {
        for entry in entries {
            spool.release(entry.length, inMemory: entry.isInMemory)
            if let digest = entry.digest { recent.remove(digest) }
            entry.done(.failed(error))
        }
    }

    // MARK: batches and segments

    private struct FillingBatch {
        let sequence: UInt64
        let start: Int
        var end = 0
        var items: UInt64 = 0
        var sampled: UInt64 = 0
        var bytes = 0

        init(sequence: UInt64, start: Int) {
            self.sequence = sequence
            self.start = start
        }

        mutating func add(_ header: RecordHeader, endingAt end: Int) {
            self.end = end
            items += UInt64(header.items)
            sampled += UInt64(header.sampled)
            bytes += header.messageLength
        }
    }

    private func handOn(_ batch: FillingBatch, of segment: SpoolSegment) {
        let batch = SpooledBatch(
            lane: account, segment: segment, sequence: batch.sequence, start: batch.start, end: batch.end,
            items: batch.items, sampled: batch.sampled)
        account.post(batch)
        post(batch)
    }

    private func closeFilling() {
        closeTimer?.cancel()
        closeTimer = nil
        guard let batch = filling, let segment else { return }
        filling = nil
        handOn(batch, of: segment)
    }

    private func scheduleClose() {
        guard filling != nil, closeTimer == nil else { return }
        closeTimer = loop.schedule(after: spool.options.maxDelay) { [weak self] in
            guard let self else { return }
            closeTimer = nil
            // While others wait, sending it sooner would not make it arrive sooner; larger batches are cheaper.
            if account.waitingBatches < spool.options.fewBatches { closeFilling() } else { scheduleClose() }
        }
    }

    private func rollIfFull() {
        guard let segment, segment.end >= spool.options.segmentBytes else { return }
        seal()
        spool.reclaim(account, all: false)
    }

    private func seal() {
        closeFilling()
        segment?.seal()
        segment = nil
    }

    /// Ends a segment that cannot be written any more where it was last good.
    private func leaveSegment() {
        if let segment { try? segment.file.truncate(to: segment.end) }
        seal()
    }
}
