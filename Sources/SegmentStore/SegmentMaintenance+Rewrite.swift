import Files
import TraceModel

/// Rewriting happens on the thread that seals and deletes, so that a segment never has two fates at once.
extension SegmentMaintenance {
    /// What stands in a segment's place once it was rewritten. Nil where nothing is to be removed.
    ///
    /// The order is what makes a crash harmless: the new log is whole and durable; the ledger says that it is to come, so that
    /// what it holds less counts as deleted; it takes the old one's name; that is durable; then the sums change, and the index
    /// is written. An index whose salt is not its log's is not used.
    func rewrite(
        _ segment: Segment, _ removal: SpanRemoval, reason: String,
        counting figure: WritableKeyPath<StoreStatistics, ItemCounts> = \.erased
    ) throws(StoreError) -> RewrittenSegment? {
        let temporary = segment.logPath + ".new"
        do throws(StoreError) {
            return try replace(segment, removal, temporary, reason, figure)
        } catch {
            try? options.storage.remove(temporary)
            context.log(.rewriteFailed(path: segment.logPath, error))
            throw error
        }
    }

    private func replace(
        _ segment: Segment, _ removal: SpanRemoval, _ temporary: String, _ reason: String,
        _ figure: WritableKeyPath<StoreStatistics, ItemCounts>
    ) throws(StoreError) -> RewrittenSegment? {
        try? options.storage.remove(temporary)
        let outcome = try SegmentRewrite(segment: segment, removal: removal, options: options).write(to: temporary)
        var summary = outcome.summary
        guard summary.removed != ItemCounts() || summary.left == ItemCounts() else {
            try? options.storage.remove(temporary)
            return nil
        }
        // What could not be read was lost before, and must not count as deleted.
        if summary.unreadableFrames > 0 {
            context.account { $0.correct(segment: segment.number, to: outcome.readable) }
        }
        if summary.left == ItemCounts() {
            try? options.storage.remove(temporary)
            guard delete(segment, reason, counting: figure) else { throw .notDeleted(path: segment.logPath) }
            summary.isGone = true
            return summary
        }
        let successor = try index(temporary, segment, removal)
        context.account { $0.willReplace(segment: segment.number, salt: successor.salt) }
        do throws(StoreError) {
            guard writeLedger() else { throw .ledgerNotWritten }
            segment.setSuccessor(successor)
            do throws(StorageFailure) {
                try options.storage.rename(temporary, to: segment.logPath)
            } catch { throw .storage(error) }
        } catch {
            segment.setSuccessor(nil)
            context.account { $0.willReplace(segment: segment.number, salt: nil) }
            throw error
        }
        try settle(segment, successor, summary, reason, figure)
        return summary
    }

    /// The new log is read as a start would read it, which proves it as well.
    private func index(_ path: String, _ segment: Segment, _ removal: SpanRemoval) throws(StoreError) -> Segment {
        let scan = LogScan(directory: context.directory, quarantine: context.quarantine, log: context.log)
        let scanned: LogScan.Result?
        do throws(StorageFailure) {
            scanned = try scan.scan(number: segment.number, file: path, onNew: { _ in }, eachRecord: { _, _ in })
        } catch { throw .storage(error) }
        guard let scanned, !scanned.hasTornEnd, !scanned.isDamagedInside,
            scanned.index.frames.count == segment.frameCount
        else { throw .rewriteUnusable(path: path) }
        let successor = Segment(growing: scanned.index, directory: context.directory)
        var snapshot = segment.snapshot
        if case .allBut = removal {} else { snapshot.recent.removeAll { removal.traces?.contains($0) ?? false } }
        successor.keptSince(segment.stage)
        successor.end(senders: snapshot.senders, recent: snapshot.recent)
        return successor
    }

    /// The new log bears the name: everything else follows, whatever fails.
    private func settle(
        _ segment: Segment, _ successor: Segment, _ summary: RewrittenSegment, _ reason: String,
        _ figure: WritableKeyPath<StoreStatistics, ItemCounts>
    ) throws(StoreError) {
        var failure: StoreError?
        if options.sync {
            do throws(StorageFailure) { try options.storage.synchronizeDirectory(context.directory) } catch {
                failure = .storage(error)
            }
        }
        context.segments.withLock { segments in
            if let index = segments.firstIndex(where: { $0 === segment }) { segments[index] = successor }
        }
        context.frames.forget(salt: segment.salt)
        context.account { $0.replaced(segment: segment.number, holding: summary.left) }
        context.count { $0[keyPath: figure] += summary.removed }
        context.log(
            .segmentRewritten(
                path: segment.logPath, removed: summary.removed, left: summary.left, reason: reason))
        // Until the index is written the old one stays, which nobody uses; it is tried again like any other.
        if !seal(successor) { context.maintenance.update { $0.ended.append(successor) } }
        if let failure { throw failure }
    }

    /// Does what a caller asked for.
    func run(_ job: MaintenanceJob) {
        do throws(StoreError) {
            switch job.task {
            case .rewrite(let number, let removal): job.finish(.success(try erase(removal, from: number)))
            case .forget(let traces):
                try forgetRecent(traces)
                job.finish(.success(nil))
            }
        } catch { job.finish(.failure(error)) }
    }

    private func erase(_ removal: SpanRemoval, from number: UInt32) throws(StoreError) -> RewrittenSegment? {
        guard let segment = context.segments.withLock({ $0.first { $0.number == number } }) else { return nil }
        if !segment.isSealed {
            // The one that grows is not touched.
            guard context.maintenance.withLock({ $0.ended.contains { $0 === segment } }) else { return nil }
            guard seal(segment) else { throw .notSealed(path: segment.logPath) }
            context.maintenance.update { $0.ended.removeAll { $0 === segment } }
        }
        return try rewrite(segment, removal, reason: "erased")
    }

    /// Removes traces from the lists of recent ones that other segments' indexes hold.
    private func forgetRecent(_ traces: Set<TraceID>) throws(StoreError) {
        for segment in context.segments.withLock({ $0 }) {
            guard let bytes = segment.sealedIndex?.bytes(withoutRecent: traces) else { continue }
            do throws(StorageFailure) { try replace(segment.indexPath, by: bytes) } catch { throw .storage(error) }
            segment.becomeSealed(try Self.load(segment))
        }
    }
}
