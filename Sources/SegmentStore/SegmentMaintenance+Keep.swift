import TraceModel

extension SegmentMaintenance {
    /// Leaves of a segment what is held; all of it goes where that is nothing.
    func thin(_ segment: Segment, _ thinning: RetentionPolicy.Thinning, wall: UInt64) {
        guard let keeping = options.keeping else { return }
        // Whatever comes of it: it is looked at again when something ends, and not each minute.
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
        } catch {
            context.log(.keptWhole(path: segment.logPath, reason: "\(error)"))
        }
    }
}

extension RetentionPolicy.Reason {
    var words: String { self == .age ? "older than the retention" : "over the size bound" }
}
