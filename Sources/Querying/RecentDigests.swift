import TraceAssembly
import TraceModel

/// What was said about traces before. Stored spans never change, and when some are erased everything is forgotten, so a trace
/// of the same size is the same trace. Lives with one `QueryService`, hence on one thread.
final class RecentDigests {
    private var known: [TraceID: (size: Int, digest: RecentTrace)] = [:]

    /// Enough for the longest list twice; when it is full everything is forgotten.
    private static let capacity = 1_000

    private var erasures: UInt64 = 0

    /// - Parameter count: erasures so far.
    func forget(after count: UInt64) {
        guard count != erasures else { return }
        erasures = count
        known = [:]
    }

    func find(_ id: TraceID, size: Int) -> RecentTrace? {
        guard let entry = known[id], entry.size == size else { return nil }
        return entry.digest
    }

    func keep(_ digest: RecentTrace, size: Int) -> RecentTrace {
        if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
        known[digest.summary.traceID] = (size, digest)
        return digest
    }
}
