package import EventLoop
import Files
import Glibc
import Synchronization

/// Brings what was written to the disk, on a thread of its own, as fdatasync blocks: each `spool.sync`, or for each round of
/// a lane that waits for it.
package final class SpoolSync: Sendable {
    private struct Request: Sendable {
        let segment: SpoolSegment
        let done: @Sendable (StorageFailure?) -> Void
    }

    private let spool: Spool
    private let requests: Mailbox<Request>

    package init(_ spool: Spool) throws(SystemError) {
        self.spool = spool
        // Each request answers senders whose bytes the spool has room for, so the box needs no bound of its own.
        requests = try Mailbox(capacity: .max)
    }

    /// Makes the segment durable and calls `done` on this object's thread.
    func request(_ segment: SpoolSegment, _ done: @escaping @Sendable (StorageFailure?) -> Void) {
        requests.post(Request(segment: segment, done: done))
    }

    /// Begins to work on `loop`, which nothing else may run on.
    package func serve(on loop: EventLoop) throws(SystemError) {
        try loop.receiveAll(from: requests) { [self] batch in
            // What is asked for together is brought there together.
            var results: [ObjectIdentifier: StorageFailure?] = [:]
            for request in batch {
                let id = ObjectIdentifier(request.segment)
                let result = results[id] ?? synchronize(request.segment)
                results[id] = .some(result)
                request.done(result)
            }
        }
        tick(loop)
    }

    /// Everything written so far is on the disk when this returns.
    package func synchronizeAll() {
        for account in spool.lanes {
            for segment in account.currentSegments where !segment.isInMemory {
                if segment.isDirty.exchange(false, ordering: .acquiring) { _ = synchronize(segment) }
                checkName(of: segment)
            }
            do throws(StorageFailure) { try account.synchronize() } catch { spool.log(.syncFailed(error)) }
        }
    }

    private func tick(_ loop: EventLoop) {
        var interval = Duration.seconds(1)
        if case .every(let chosen) = spool.options.sync { interval = chosen }
        _ = loop.schedule(after: interval) { [self] in
            synchronizeAll()
            tick(loop)
        }
    }

    private func synchronize(_ segment: SpoolSegment) -> StorageFailure? {
        guard !segment.isInMemory else { return nil }
        do throws(StorageFailure) {
            try segment.file.synchronize()
            guard segment.isNew.exchange(false, ordering: .relaxed) else { return nil }
            guard checkName(of: segment) else { return StorageFailure("finding", segment.path, code: ENOENT) }
            try spool.synchronizeDirectory(of: segment)
            return nil
        } catch {
            // After a failed fdatasync a second one that succeeds would prove nothing.
            segment.isForsaken.store(true, ordering: .releasing)
            spool.log(.syncFailed(error))
            spool.noteFailure("\(error)")
            return error
        }
    }

    /// A file whose name was removed is written on, but no later process would find it.
    @discardableResult
    private func checkName(of segment: SpoolSegment) -> Bool {
        guard !segment.isDone, !segment.isForsaken.load(ordering: .relaxed), !fileExists(segment.path) else {
            return true
        }
        segment.isForsaken.store(true, ordering: .releasing)
        spool.log(.fileVanished(path: segment.path))
        return false
    }
}
