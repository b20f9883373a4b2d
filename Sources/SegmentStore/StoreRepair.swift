import Files

/// Brings a damaged store in order by the store's own recovery: what is no frame is copied to the quarantine, indexes and
/// ledger are made anew from what is whole.
package struct StoreRepair: Sendable {
    package let directory: String
    /// What would be done, and why.
    package let plan: [String]
    /// Of segments that are to be read again though their index is fine: their logs are damaged.
    private let reread: [UInt32]
    /// Of logs whose first bytes are damaged.
    private let mended: [UInt32]

    package init(directory: String, after check: StoreCheck) {
        self.directory = directory
        var plan: [String] = []
        var reread: [UInt32] = []
        var mended: [UInt32] = []
        for segment in check.segments {
            for damage in segment.damages where damage.file.hasSuffix(".log") {
                if damage.offset < SegmentHeader.length {
                    plan.append("write the header of '\(damage.file)' anew, where a frame or the index tells it")
                    mended.append(segment.number)
                    continue
                }
                plan.append(
                    "set aside \(damage.length) bytes of '\(damage.file)' from byte \(damage.offset) on: \(damage.reason)"
                )
            }
            for damage in segment.damages where !damage.file.hasSuffix(".log") {
                plan.append("make '\(damage.file)' anew: \(damage.reason)")
            }
            if !segment.damages.isEmpty, segment.state == .sealed { reread.append(segment.number) }
            if segment.tornBytes > 0, segment.damages.isEmpty {
                plan.append("cut \(segment.tornBytes) bytes of a torn commit off segment \(segment.number)")
            }
            if segment.state == .ended { plan.append("write the missing index of segment \(segment.number)") }
        }
        for damage in check.ledgerDamages { plan.append("bring the ledger in line: \(damage.reason)") }
        self.plan = plan
        self.reread = reread
        self.mended = mended
    }

    /// Takes the directory for this process, so a running collector makes it fail. Deletes no whole record.
    package func run(log: @escaping @Sendable (StoreEvent) -> Void) throws(StoreError) {
        let lock: DirectoryLock
        do { lock = try DirectoryLock(directory: directory) } catch {
            switch error {
            case .storage(let failure): throw .storage(failure)
            case .locked(let process): throw .locked(directory: directory, process: process)
            }
        }
        // Without its index a log is read whole at the start, and what is damaged in it set aside.
        do {
            for number in mended { try mendHeader(of: number) }
            for number in reread { try LocalStorage().remove(Segment.paths(directory, number).index) }
        } catch { throw .storage(error) }
        // The store takes the directory itself.
        _ = consume lock
        let store = try SegmentStore.open(directory: directory, log: log)
        store.waitUntilSealed()
        store.sweep()
        store.close()
    }

    /// The one thing in a log that is written in place: its frames stay as they are.
    private func mendHeader(of number: UInt32) throws(StorageFailure) {
        let paths = Segment.paths(directory, number)
        var known = (try? SealedIndex(path: paths.index, number: number))?.summary.header
        if known == nil {
            var walk = try LogWalk(paths.log)
            guard let salt = walk.salt else { return }
            var header = SegmentHeader(number: number, salt: salt, created: 0)
            if case .frame(let frame, _) = try walk.next() {
                header.created = UInt32(clamping: frame.firstReceivedAt / 1_000_000_000)
            }
            known = header
        }
        guard let known else { return }
        let file = try LocalStorage().openForWriting(paths.log)
        defer { file.close() }
        try file.write(known.bytes, at: 0)
        try file.synchronize()
    }
}
