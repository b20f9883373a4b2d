import SegmentStore
import TraceAssembly
import TraceModel

extension TraceSearch {
    /// What outlines tell, as far as they were asked.
    enum Outlined {
        case untried, useless
        /// Of each view when answers in its frames began at the latest. Nil until that is needed.
        case asked(OutlineSearch, [OutlineSearch.Newest?])
    }

    /// Nil where outlines do not help.
    mutating func outlineSearch() -> OutlineSearch? {
        switch outlines {
        case .useless: return nil
        case .asked(let search, _): return search
        case .untried:
            let search = OutlineSearch(plan, reader)
            outlines = search.map { .asked($0, Array(repeating: nil, count: reader.views.count)) } ?? .useless
            return search
        }
    }

    /// When the newest answer in a frame began at the latest, as far as outlines tell; nil where there is none. The first frame of
    /// a view costs the outlines of a segment.
    mutating func newestByOutlines(_ place: Place) -> UInt64? {
        guard let search = outlineSearch(), case .asked(_, let asked) = outlines else { return place.newest }
        let newest: OutlineSearch.Newest
        if let known = asked[place.view] {
            newest = known
        } else {
            newest = askOutlines(search, place)
            outlines = .useless
            var asked = consume asked
            asked[place.view] = newest
            outlines = .asked(search, asked)
            reader.boundPages(of: place.view..<place.view + 1)
        }
        return newest.bound(place.frame).map { min($0, place.newest) }
    }

    /// Asks the outlines of a place's view. Large traces that are known are judged by them at once, so that none of their frames is
    /// read.
    private mutating func askOutlines(_ search: OutlineSearch, _ place: Place) -> OutlineSearch.Newest {
        let (reader, views, large, erasures) = (reader, reader.views, large, erasures)
        let known = { (hash: UInt32, frame: UInt32, others: [UInt32]) -> LargeTraces.Known? in
            // What was erased meanwhile is not told from memory.
            guard let large, others.count >= large.frames, reader.erasures == erasures,
                let known = large.find(hash: hash), known.tree != nil
            else { return nil }
            // In the view alone, and then in all: hashes may meet.
            let frames = views[place.view].frames(of: known.summary.traceID)
            guard frames.first == frame, frames.dropFirst().elementsEqual(others) else { return nil }
            let places = TracePlaces(of: known.summary.traceID, in: views)
            return places.version == known.version && places.view == place.view ? known : nil
        }
        guard let (newest, judged) = search.newest(in: views[place.view], tokens: tokens[place.view], known: known)
        else { return .any }
        for (trace, verdicts) in judged {
            let id = trace.summary.traceID
            guard read.insert(id).inserted else { continue }
            // A span that was seen may be older than others in the frames that are left out.
            waiting[id] = nil
            // A newer one would have been met in its frame, was it not erased meanwhile.
            guard let found = found(trace, verdicts), found.key < upper, found.key.start <= place.newest else {
                continue
            }
            self.known[id] = found
            queue.insert(found.key)
        }
        return newest
    }
}
