import OTLP
import SegmentStore
import SpanTokens
import TraceAssembly
import TraceModel

extension TraceSearch {
    /// Reads the frames of a large trace, back in time, until the newest span that satisfies the query is known: what is asked
    /// of single spans needs no more.
    mutating func judge(
        _ summary: TraceSummary, _ mini: MiniWaterfall?, _ places: TracePlaces
    ) throws(StoreError) -> FoundTrace? {
        func newest(_ place: TracePlaces.Place) -> UInt64 {
            reader.views[place.view].times(place.frame)?.maxStart ?? .max
        }
        let id = summary.traceID
        let frames = places.places.filter { candidates[$0.view].contains($0.frame) }.sorted { newest($0) > newest($1) }
        var best: FoundTrace?
        for (number, place) in frames.enumerated() {
            let wanted = try spans(of: id, in: place)
            guard !wanted.isEmpty else { continue }
            let message = try reader.spans(wanted, of: id, in: reader.views[place.view], place.frame)
            if let trace = Self.assembled(message, id, selection), var found = found(trace) {
                (found.summary, found.mini) = (summary, mini)
                if let known = best {
                    found.key = max(found.key, known.key)
                    found.matchCount += known.matchCount
                    found.matches = Array((known.matches + found.matches).prefix(request.matches))
                }
                best = found
            }
            guard let key = best?.key, number + 1 < frames.count, newest(frames[number + 1]) <= key.start else {
                continue
            }
            best?.hasMoreMatches = true
            break
        }
        page.figures.tracesRead += 1
        return best
    }

    /// The trace's spans in a frame that may satisfy the query.
    private func spans(of id: TraceID, in place: TracePlaces.Place) throws(StoreError) -> Set<SpanID> {
        let view = reader.views[place.view]
        var probe = SpanProbe(probes[place.view])
        var found: Set<SpanID> = []
        let plan = plan
        try reader.forEachRequest(of: view, place.frame) { message in
            probe.walk(message) { facts, answers in
                guard facts.traceLow == id.low, facts.traceHigh == id.high,
                    withoutActuallyEscaping(answers, do: { plan.judge(LoneSpan(facts: facts, answers: $0)).some })
                else { return }
                found.insert(SpanID(value: facts.spanID))
            }
            return true
        }
        return found
    }

    /// What outlines say of each span of a large trace.
    mutating func verdicts(_ tree: LargeTree?, of id: TraceID, _ places: TracePlaces) -> [Ternary]? {
        guard let tree, let view = places.view, let search = outlineSearch() else { return nil }
        return search.verdicts(tree, of: id, in: reader.views[view], tokens: tokens[view])
    }

    /// What the query says of a trace of whose spans all is known, in the order of its tree.
    func found(_ known: LargeTraces.Known, _ verdicts: [Ternary]) -> FoundTrace? {
        var found = FoundTrace(key: TraceKey(start: 0, id: known.summary.traceID), summary: known.summary)
        var matches: [LargeTree.Span] = []
        for (span, verdict) in zip(known.tree?.spans ?? [], verdicts)
        where verdict == .yes && request.started.contains(span.start) {
            found.key.start = max(found.key.start, span.start)
            matches.append(span)
        }
        guard !matches.isEmpty else { return nil }
        found.mini = known.mini
        found.matchCount = matches.count
        matches.sort { $0.place < $1.place }
        found.matches = matches.prefix(request.matches).map(\.id)
        return found
    }
}
