import TraceModel

extension SegmentMaintenance {
    /// Leaves of a segment what is held; all of it goes where that is nothing.
    func thin(_ segment: Segment, _ thinning: RetentionPolicy.Thinning, wall: UInt64) {
        guard let keeping = options.keeping else { return }
        // Usually it is looked at again only when something ends, and not each minute.
        segment.keptSince(thinning.stage)
        let reason = thinning.reason.words
        do {
            let view = segment.view
            let kept = try keeping.keptTraces(in: view, age: thinning.age, wall: wall, StoreReader(context))
            guard !kept.isEmpty else {
                _ = delete(segment, reason, counting: \.expired)
                return
            }
            _ = try rewrite(segment, .allBut(kept), reason: reason + ", without what is kept", counting: \.expired)
        } catch is StoreError where thinning.reason == .age {
            // The disk may be willing another time; that it was not is told.
            segment.keptSince(nil)
        } catch {
            context.log(.keptWhole(path: segment.logPath, reason: "\(error)"))
        }
    }
}

extension RetentionPolicy.Reason {
    var words: String { self == .age ? "older than the retention" : "over the size bound" }
}
