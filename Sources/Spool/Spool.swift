package import EventLoop
package import Files
import Glibc
import Synchronization

/// The disk queue between receiving and forwarding: what stands in it outlives the process. It makes the files of the lanes,
/// counts their bytes, and turns to memory, if it may, while its directory cannot be had. Used by all loops.
package final class Spool: Sendable {
    package let options: SpoolOptions
    package let budget: ByteBudget
    private let memoryBudget: ByteBudget
    private let disk: any Storage
    private let memory = MemoryStorage()
    let log: @Sendable (SpoolEvent) -> Void
    let quarantine: Quarantine
    private let condition: Mutex<Condition>
    private let lock = Mutex<DirectoryLock?>(nil)
    private let accounts = Mutex<[LaneAccount]>([])

    private struct Condition {
        var trouble: (reason: String, retryAt: MonotonicTime)?
        var damagedRecords: UInt64 = 0
        /// By segment and offset: a batch may be read often before it is settled.
        var toldOf: Set<String> = []
    }

    /// Takes the directory for this process and finds what an earlier one left in it. Throws only where a spool is required.
    ///
    /// - Parameters:
    ///   - keys: the lanes that this process will have; what is found for others is left to be moved.
    ///   - onNote: called with what doors wrote beside their messages, of each lane the oldest first.
    package static func open(
        _ options: SpoolOptions, keys: [LaneKey], storage: any Storage = LocalStorage(),
        onNote: @escaping (LaneKey, [UInt8]) -> Void = { _, _ in }, log: @escaping @Sendable (SpoolEvent) -> Void
    ) throws(SpoolError) -> (spool: Spool, lanes: [RecoveredLane]) {
        let spool = Spool(options, storage, log)
        guard let directory = options.directory else { return (spool, []) }
        do throws(SpoolError) {
            let taken = try takeDirectory(directory)
            spool.lock.withLock { $0 = taken }
        } catch {
            if options.isRequired { throw error }
            spool.noteFailure("\(error)")
            return (spool, [])
        }
        let lanes = spool.recover(directory, keys, onNote)
        return (spool, lanes)
    }

    private init(_ options: SpoolOptions, _ storage: any Storage, _ log: @escaping @Sendable (SpoolEvent) -> Void) {
        self.options = options
        disk = storage
        self.log = log
        budget = ByteBudget(limit: options.maxBytes)
        memoryBudget = ByteBudget(limit: options.maxMemoryBytes)
        quarantine = Quarantine(
            directory: options.directory.map { $0 + "/quarantine" }, maxBytes: options.maxQuarantineBytes,
            storage: storage)
        condition = Mutex(Condition())
    }

    private static func takeDirectory(_ directory: String) throws(SpoolError) -> DirectoryLock {
        do { try makeDirectories(directory) } catch { throw .storage(error) }
        do { return try DirectoryLock(directory: directory) } catch {
            switch error {
            case .storage(let failure): throw .storage(failure)
            case .locked(let process): throw .locked(directory: directory, process: process)
            }
        }
    }

    private func recover(
        _ directory: String, _ keys: [LaneKey], _ onNote: @escaping (LaneKey, [UInt8]) -> Void
    ) -> [RecoveredLane] {
        var lanes: [RecoveredLane] = []
        var names: [String] = []
        do { names = try listDirectory(directory) } catch {
            log(.fileUnreadable(path: directory, reason: "\(error)", lost: "what an earlier process left in it"))
        }
        let isAfterPowerCut = readBootID(directory) != options.bootID
        for name in names.sorted() {
            let known = keys.first { $0.directoryName == name }
            guard let key = known ?? LaneRecovery.key(ofDirectory: name) else { continue }
            let recovery = LaneRecovery(
                directory: "\(directory)/\(name)", key: key, storage: disk, quarantine: quarantine, log: log,
                onNote: onNote, isAfterPowerCut: isAfterPowerCut)
            guard let lane = recovery.recover() else { continue }
            budget.take(lane.bytes)
            accounts.withLock { $0.append(lane.account) }
            lanes.append(lane)
        }
        writeBootID(directory)
        let items = lanes.reduce(0) { $0 + $1.account.figures.spooled }
        let batches = lanes.reduce(0) { $0 + $1.account.waitingBatches }
        if !lanes.isEmpty { log(.recovered(lanes: lanes.count, batches: batches, items: items)) }
        return lanes
    }

    // MARK: power cuts

    /// The `boot` file: the kernel's boot id of when the spool was last opened.
    private func readBootID(_ directory: String) -> String? {
        var bytes: [UInt8] = []
        guard let file = try? ReadFile(directory + "/boot"), (try? file.read(64, at: 0, into: &bytes)) != nil
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// After the lanes were read, as only then what follows from it stands in their own files. Where it cannot be written, the
    /// next start takes it for one after a power cut, which harms nothing.
    private func writeBootID(_ directory: String) {
        guard readBootID(directory) != options.bootID else { return }
        try? disk.remove(directory + "/boot")
        guard let file = try? disk.create(directory + "/boot") else { return }
        try? file.write(Array(options.bootID.utf8), at: 0)
        file.close()
    }

    // MARK: condition

    package struct Status: Equatable, Sendable {
        /// Why the directory is not used; nil when it is, or when none is configured.
        package var trouble: String?
        package var isInMemory: Bool
        package var bytes: Int
        package var maxBytes: Int
        package var damagedRecords: UInt64
    }

    package var status: Status {
        let (trouble, damaged) = condition.withLock { ($0.trouble?.reason, $0.damagedRecords) }
        let isInMemory = options.directory == nil || trouble != nil
        let used = isInMemory ? memoryBudget : budget
        return Status(
            trouble: trouble, isInMemory: isInMemory, bytes: used.used, maxBytes: used.limit, damagedRecords: damaged)
    }

    /// Whether all that waits would be found again by the next process.
    package var isPersistent: Bool {
        lanes.allSatisfy { lane in lane.currentSegments.allSatisfy { !$0.isInMemory || $0.isSettled } }
    }

    /// False for one that was counted before.
    func countDamagedRecord(_ name: String) -> Bool {
        condition.withLock { condition in
            // So many damaged records are told of again rather than remembered.
            if condition.toldOf.count >= 4096 { condition.toldOf = [] }
            guard condition.toldOf.insert(name).inserted else { return false }
            condition.damagedRecords += 1
            return true
        }
    }

    func noteFailure(_ reason: String) {
        let isNew = condition.withLock { condition in
            defer { condition.trouble = (reason, MonotonicTime.now() + options.retryPause) }
            return condition.trouble == nil
        }
        if isNew { log(.directoryFailed(reason: reason, inMemory: !options.isRequired)) }
        // A full disk may have room again without what is only kept for speed.
        for account in lanes {
            if let spare = account.takeSpare() { try? disk.remove(spare.path) }
        }
    }

    private func noteSuccess() {
        let wasTroubled = condition.withLock { condition in
            defer { condition.trouble = nil }
            return condition.trouble != nil
        }
        if wasTroubled { log(.directoryBack) }
    }

    /// Whether a segment in memory should be left for one on the disk.
    var mayUseDisk: Bool {
        guard options.directory != nil else { return false }
        return condition.withLock { condition in condition.trouble.map { MonotonicTime.now() >= $0.retryAt } ?? true }
    }

    // MARK: lanes and segments

    package var lanes: [LaneAccount] { accounts.withLock { $0 } }

    /// The account of a lane that no earlier process left.
    func makeAccount(_ key: LaneKey) -> LaneAccount {
        let directory = (options.directory ?? "") + "/" + key.directoryName
        let account = LaneAccount(
            key: key, sender: .random(), directory: directory, total: 0, nextBatch: 1, settled: SettledState(),
            generation: 0, file: nil, segments: [])
        accounts.withLock { $0.append(account) }
        return account
    }

    /// A new file for a lane: on the disk, or in memory while that cannot be had and need not be.
    func makeSegment(
        for account: LaneAccount, after number: UInt64, total: UInt64, firstBatch: UInt64, mayUseMemory: Bool
    ) throws(SpoolError) -> SpoolSegment {
        if let segment = makeSegmentOnDisk(for: account, after: number, total: total, firstBatch: firstBatch) {
            return segment
        }
        if options.isRequired || !mayUseMemory {
            throw .unavailable(reason: condition.withLock { $0.trouble?.reason } ?? "the spool cannot be written")
        }
        do throws(StorageFailure) {
            let header = header(account, number, total, firstBatch)
            return try make(header, "memory", memory, isInMemory: true)
        } catch { throw .storage(error) }
    }

    /// Nil while the directory cannot be had.
    func makeSegmentOnDisk(
        for account: LaneAccount, after number: UInt64, total: UInt64, firstBatch: UInt64
    ) -> SpoolSegment? {
        guard mayUseDisk else { return nil }
        do throws(StorageFailure) {
            var header = header(account, number, total, firstBatch)
            let segment = try makeOnDisk(&header, for: account)
            noteSuccess()
            return segment
        } catch {
            noteFailure("\(error)")
            return nil
        }
    }

    private func header(
        _ account: LaneAccount, _ number: UInt64, _ total: UInt64, _ firstBatch: UInt64
    ) -> SegmentHeader {
        SegmentHeader(
            number: number + 1, sender: account.sender, salt: .random(in: .min ... .max), totalBefore: total,
            firstBatch: firstBatch)
    }

    private func makeOnDisk(
        _ header: inout SegmentHeader, for account: LaneAccount
    ) throws(StorageFailure) -> SpoolSegment {
        try takeLateDirectory()
        try makeDirectories(account.directory)
        if !account.hasFile || !fileExists(SettledFile.path(in: account.directory)) {
            account.adopt(try SettledFile(directory: account.directory, storage: disk))
        }
        // A file that an earlier process left, and that was not found at the start, is left alone.
        for _ in 0..<1000 {
            let path = "\(account.directory)/\(Self.fileName(header.number))"
            do throws(StorageFailure) {
                var segment = try reuse(header, path, account)
                if segment == nil { segment = try make(header, path, disk, isInMemory: false) }
                guard let segment else { continue }
                segment.isNew.store(true, ordering: .relaxed)
                return segment
            } catch {
                guard error.code == EEXIST else { throw error }
                header.number += 1
            }
        }
        throw StorageFailure("finding a name in", account.directory, code: EEXIST)
    }

    /// Writes over the file of a segment of this lane that is done; nil when there is none. Should the process end between the
    /// two steps, the file is still that segment under a later name.
    private func reuse(
        _ header: SegmentHeader, _ path: String, _ account: LaneAccount
    ) throws(StorageFailure) -> SpoolSegment? {
        guard let spare = account.takeSpare() else { return nil }
        guard !spare.isForsaken.load(ordering: .relaxed), fileExists(spare.path), !fileExists(path) else {
            try? disk.remove(spare.path)
            return nil
        }
        try disk.rename(spare.path, to: path)
        let size = try ReadFile(path).size()
        var header = header
        header.staleThrough = UInt64(size)
        let file = try disk.openForWriting(path)
        do throws(StorageFailure) {
            try file.write(header.bytes, at: 0)
        } catch {
            file.close()
            try? disk.remove(path)
            throw error
        }
        return SpoolSegment(
            header: header, path: path, isInMemory: false, file: file, end: SegmentHeader.length, isSealed: false)
    }

    /// Locks a directory that could not be had at the start.
    private func takeLateDirectory() throws(StorageFailure) {
        guard let directory = options.directory else { return }
        // Loops that come together wait for the first: they must not find it taken before old lanes are out of the way.
        try lock.withLock { lock throws(StorageFailure) in
            let isHeld = lock != nil
            // Who holds a lock file that was removed keeps nobody out.
            guard !isHeld || !fileExists(directory + "/lock") else { return }
            let taken: DirectoryLock
            do throws(SpoolError) {
                taken = try Self.takeDirectory(directory)
            } catch {
                if case .storage(let failure) = error { throw failure }
                throw StorageFailure("locking", directory, code: EWOULDBLOCK)
            }
            if !isHeld { try setOldLanesAside(directory) }
            lock = taken
        }
    }

    /// What an earlier process left there is for the next start to find: under other names, so that nothing is mixed.
    private func setOldLanesAside(_ directory: String) throws(StorageFailure) {
        for name in try listDirectory(directory) where LaneRecovery.key(ofDirectory: name) != nil {
            let mark = String(UInt32.random(in: .min ... .max), radix: 16)
            try disk.rename("\(directory)/\(name)", to: "\(directory)/\(name)~\(mark)")
        }
    }

    private func make(
        _ header: SegmentHeader, _ path: String, _ storage: any Storage, isInMemory: Bool
    ) throws(StorageFailure) -> SpoolSegment {
        let file = try storage.create(path)
        do throws(StorageFailure) {
            try file.write(header.bytes, at: 0)
        } catch {
            file.close()
            try? storage.remove(path)
            throw error
        }
        return SpoolSegment(
            header: header, path: path, isInMemory: isInMemory, file: file, end: SegmentHeader.length, isSealed: false)
    }

    func synchronizeDirectory(of segment: SpoolSegment) throws(StorageFailure) {
        guard let slash = segment.path.lastIndex(of: "/") else { return }
        try disk.synchronizeDirectory(String(segment.path[..<slash]))
        // The lane's own name may be as new.
        if let directory = options.directory { try disk.synchronizeDirectory(directory) }
    }

    static func fileName(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ".spool"
    }

    // MARK: space

    /// No longer one could ever be taken, however empty the spool is.
    package var largestMessage: Int {
        (options.directory == nil ? memoryBudget : budget).limit - RecordHeader.length
    }

    /// False when the spool has no room for so many bytes, even after what is done with was removed.
    func reserve(_ bytes: Int, inMemory: Bool) -> Bool {
        let budget = inMemory ? memoryBudget : budget
        if budget.reserve(bytes) { return true }
        giveBackAllThatIsSettled()
        return budget.reserve(bytes)
    }

    /// Counts bytes on the disk that cannot be refused.
    func take(_ bytes: Int) { budget.take(bytes) }

    func release(_ bytes: Int, inMemory: Bool) { (inMemory ? memoryBudget : budget).release(bytes) }

    /// Of all lanes, those segments too that are open, or kept as a memory of what came.
    func giveBackAllThatIsSettled() {
        for account in lanes {
            account.sealSettled()
            reclaim(account, all: true)
        }
    }

    /// Removes the segments of a lane that are done with, after something of it was settled.
    package func reclaim(_ account: LaneAccount) { reclaim(account, all: budget.used > budget.limit / 2) }

    func reclaim(_ account: LaneAccount, all: Bool) {
        for segment in account.takeDone(all: all) {
            let bytes = segment.end - SegmentHeader.length
            let isKept = !segment.isInMemory && !all && account.keepSpare(segment)
            if !segment.isInMemory, !isKept { try? disk.remove(segment.path) }
            release(bytes, inMemory: segment.isInMemory)
        }
        if all, let spare = account.takeSpare() { try? disk.remove(spare.path) }
    }
}
