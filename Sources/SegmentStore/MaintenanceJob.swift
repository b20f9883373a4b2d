import TraceModel

/// What the maintenance thread is asked to do, and the asker's place to wait for what came of it.
final class MaintenanceJob: Sendable {
    enum Task: Sendable {
        case rewrite(UInt32, SpanRemoval)
        /// Takes traces out of the indexes' lists of recent ones.
        case forget(Set<TraceID>)
    }

    let task: Task
    private let result = Monitor<Result<RewrittenSegment?, StoreError>?>(nil)

    init(_ task: Task) { self.task = task }

    func finish(_ outcome: Result<RewrittenSegment?, StoreError>) { result.update { $0 = outcome } }

    /// Nil where there was nothing to remove.
    func wait() throws(StoreError) -> RewrittenSegment? {
        // The wait has no end before there is a result.
        try (result.wait { $0 } ?? .failure(.closed)).get()
    }
}
