import OTLP
import QueryLanguage
package import SegmentStore
import SpanTokens
import TraceAssembly
import TraceModel

/// One search through a store: which frames may hold an answer is asked of the indexes, which spans of these of their tokens,
/// and the last word has the query itself, over the assembled trace. One thread uses it, once.
///
/// Frames are read in the order of the newest answer that they may hold, back in time. A trace is told when no frame that is left
/// can hold anything newer.
package struct TraceSearch {
    let request: SearchRequest
    let reader: StoreReader
    private let clock: () -> UInt64
    private let isCancelled: () -> Bool
    let plan: SearchPlan
    private let judge: TraceJudge
    let selection: SpanSelection
    let upper: TraceKey
    private let fingerprint: UInt64
    let large: LargeTraces?
    let erasures: UInt64

    private var rows: SpanRows?
    /// Traces that wait and of which rows told that they may satisfy the query.
    private var decided: Set<TraceID> = []
    /// What is asked of the spans of each view.
    private(set) var probes: [SpanProbe.Questions] = []
    /// The frames of each view that may hold an answer.
    private(set) var candidates: [FrameSet] = []
    /// The tokens of the plan's questions in each view.
    private(set) var tokens: [[[UInt64]]] = []
    var outlines = Outlined.untried
    var queue = LargestFirst<TraceKey>()
    /// The newest span of each trace that may satisfy the query and was seen; nil once the trace was read.
    var waiting: [TraceID: Candidate] = [:]
    /// Traces that were read and whose turn has not come.
    var known: [TraceID: FoundTrace] = [:]
    var read: Set<TraceID> = []
    var page = SearchPage()

    package enum Failure: Error {
        case foreignCursor
    }

    /// - Parameters:
    ///   - large: knows large traces from earlier searches; without it each is read whole.
    ///   - clock: monotonic nanoseconds.
    ///   - isCancelled: whether nobody waits for the answer any more.
    package init(
        _ request: SearchRequest, in store: SegmentStore, large: LargeTraces? = nil, clock: @escaping () -> UInt64,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(Failure) {
        try self.init(
            request, StoreReader(store, before: request.cursor?.end), large: large, clock: clock,
            isCancelled: isCancelled)
    }

    /// A search of what a reader sees.
    package init(
        _ request: SearchRequest, _ reader: StoreReader, large: LargeTraces? = nil, clock: @escaping () -> UInt64,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(Failure) {
        self.request = request
        self.clock = clock
        self.isCancelled = isCancelled
        self.large = large
        erasures = reader.erasures
        large?.forget(after: erasures)
        fingerprint = Self.fingerprint(of: request)
        if let cursor = request.cursor, cursor.query != fingerprint { throw .foreignCursor }
        self.reader = reader
        upper = request.cursor?.key ?? .newest
        plan = SearchPlan(request.expression, started: request.started)
        judge = TraceJudge(request)
        selection = SpanSelection(for: request.expression)
        rows = SpanRows(plan)
    }

    private static func fingerprint(of request: SearchRequest) -> UInt64 {
        var text = "\(request.expression)|\(request.started)"
        let hash = TokenHash(salt: 0)
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    /// A span that may satisfy the query.
    struct Candidate {
        var start: UInt64
        var span: SpanID
        /// Whether it does, if it is the only one with its id.
        var isCertain: Bool
    }

    /// A frame that is to be read, by the newest answer that it may hold.
    struct Place: Comparable {
        var newest: UInt64
        var view: Int
        var frame: Int
        /// Whether outlines were asked.
        var isOutlined = false

        static func < (left: Place, right: Place) -> Bool {
            (left.newest, left.view, left.frame) < (right.newest, right.view, right.frame)
        }
    }

    package consuming func run() throws(StoreError) -> SearchPage {
        let started = clock()
        let deadline =
            started &+ UInt64(clamping: request.bounds.time.components.seconds) &* 1_000_000_000
            &+ UInt64(clamping: request.bounds.time.components.attoseconds / 1_000_000_000)
        // What is left is for reading, or no page would bring a search forward.
        var places = select(until: started &+ (deadline &- started) / 2)
        page.figures.framesToRead = places.count
        search: while page.traces.count <= request.limit {
            /// Nothing newer than this is left in frames.
            let bound = places.first?.newest
            if let key = queue.first, bound.map({ key.start > $0 }) ?? true {
                queue.removeFirst()
                try settle(key)
                if let reason = stopReason(deadline), stop(reason, bound: bound, deadline) { break search }
                continue
            }
            guard var place = places.first else { break }
            if let reason = stopReason(deadline), stop(reason, bound: bound, deadline) { break }
            places.removeFirst()
            if !place.isOutlined, page.figures.framesRead >= request.bounds.framesBeforeOutlines {
                guard let newest = newestByOutlines(place) else {
                    page.figures.framesLeftOut += 1
                    page.figures.framesToRead -= 1
                    continue
                }
                place.isOutlined = true
                if newest < place.newest {
                    place.newest = newest
                    places.insert(place)
                    continue
                }
            }
            page.figures.framesRead += 1
            try gather(place)
        }
        finish()
        page.figures.bytesRead = reader.readBytes
        page.figures.unreadableFrames = reader.unreadableFrames
        page.figures.nanoseconds = clock() &- started
        return page
    }

    // MARK: Frames

    /// The frames that may hold an answer: all of a view whose index could not be asked in time. The newest views come first, as
    /// their frames are read first.
    private mutating func select(until deadline: UInt64) -> LargestFirst<Place> {
        var places = LargestFirst<Place>()
        var touched = 0
        var isLate = false
        for index in reader.views.indices.reversed() {
            let view = reader.views[index]
            let own = plan.tokens(in: view)
            page.figures.frames += view.frameCount
            isLate = isLate || clock() >= deadline || isCancelled()
            let frames =
                isLate ? FrameSet(count: view.frameCount, full: true) : plan.frames(of: view, tokens: own)
            frames.forEach { frame in
                let times = view.times(frame)
                if let times, times.spans == 0 || times.minStart > upper.start { return }
                places.insert(Place(newest: times?.maxStart ?? .max, view: index, frame: frame))
            }
            probes.append(plan.probe(view, own))
            candidates.append(frames)
            tokens.append(own)
            touched += 1
            // Many tokens touch most of a table.
            if touched == 8 || own.contains(where: { $0.count > 32 }) {
                reader.boundPages(of: index..<index + touched)
                touched = 0
            }
        }
        probes.reverse()
        candidates.reverse()
        tokens.reverse()
        return places
    }

    /// Notes the traces of a frame with a span that may satisfy the query.
    private mutating func gather(_ place: Place) throws(StoreError) {
        let found: [(key: TraceKey, candidate: Candidate)]
        if rows == nil {
            found = try ask(place)
        } else {
            let position = RecordPosition(segment: reader.views[place.view].number, frame: UInt32(place.frame))
            try readRows(of: place.view, position)
            found = (rows?.candidates(in: position, before: upper) ?? []).map {
                ($0, Candidate(start: $0.start, span: SpanID(value: 0), isCertain: false))
            }
        }
        var excluded: Set<TraceID> = []
        for (key, candidate) in found where !read.contains(key.id) && !excluded.contains(key.id) {
            if let older = waiting[key.id] {
                if older.start >= key.start { continue }
            } else if isExcluded(key.id) {
                excluded.insert(key.id)
                continue
            }
            waiting[key.id] = candidate
            queue.insert(key)
        }
    }

    private func ask(_ place: Place) throws(StoreError) -> [(key: TraceKey, candidate: Candidate)] {
        let view = reader.views[place.view]
        var probe = SpanProbe(probes[place.view])
        var found: [(key: TraceKey, candidate: Candidate)] = []
        let (plan, upper) = (plan, upper)
        let admits = { (answers: (Int) -> Bool) in
            withoutActuallyEscaping(answers) { plan.judge(AnySpan(answers: $0)).some }
        }
        try reader.forEachRequest(of: view, place.frame) { message in
            probe.walk(message, admits: admits) { facts, answers in
                guard facts.start <= upper.start else { return }
                let likelihood = withoutActuallyEscaping(answers) {
                    plan.judge(LoneSpan(facts: facts, answers: $0))
                }
                guard likelihood.some else { return }
                let key = TraceKey(start: facts.start, id: TraceID(high: facts.traceHigh, low: facts.traceLow))
                guard key < upper else { return }
                let candidate = Candidate(
                    start: facts.start, span: SpanID(value: facts.spanID), isCertain: likelihood.all)
                // Neighbours are often of one trace.
                if let last = found.last, last.key.id == key.id {
                    if last.key < key { found[found.count - 1] = (key, candidate) }
                } else {
                    found.append((key, candidate))
                }
            }
            return true
        }
        return found
    }

    private mutating func readRows(of view: Int, _ position: RecordPosition) throws(StoreError) {
        guard var rows, !rows.holds(position) else { return }
        // Else they would be copied.
        self.rows = nil
        defer { self.rows = rows }
        var probe = SpanProbe(probes[view])
        try reader.forEachRequest(of: reader.views[view], Int(position.frame)) { message in
            probe.walk(message) { facts, answers in rows.add(facts, answers) }
            return true
        }
        rows.finish(position)
    }

    /// Where a trace's spans lie, and in which views; nil for a trace in many frames.
    private func places(of id: TraceID) -> [(view: Int, position: RecordPosition)]? {
        var places: [(view: Int, position: RecordPosition)] = []
        for (index, view) in reader.views.enumerated() {
            for frame in view.frames(of: id) {
                guard places.count < SpanRows.maximumFrames else { return nil }
                places.append((index, RecordPosition(segment: view.number, frame: frame)))
            }
        }
        return places
    }

    /// Whether frames that were read tell already that a trace does not satisfy the query. Most traces lie in a single frame:
    /// they are decided while it is at hand.
    private mutating func isExcluded(_ id: TraceID) -> Bool {
        guard let rows, !decided.contains(id), let places = places(of: id),
            places.allSatisfy({ rows.holds($0.position) })
        else { return false }
        guard rows.mayHold(id, in: places.map(\.position)) else {
            // In the other frames it is not looked at again.
            if places.count > 1 { read.insert(id) }
            return true
        }
        decided.insert(id)
        return false
    }

    /// Whether the trace may satisfy the query, as far as tokens of its spans tell.
    private mutating func mayHold(_ id: TraceID) throws(StoreError) -> Bool {
        guard rows != nil, decided.remove(id) == nil, let places = places(of: id) else { return true }
        for place in places { try readRows(of: place.view, place.position) }
        return rows?.mayHold(id, in: places.map(\.position)) ?? true
    }

    // MARK: Traces

    /// A key's turn has come: nothing newer is left.
    private mutating func settle(_ key: TraceKey) throws(StoreError) {
        if let trace = known[key.id] {
            guard trace.key == key else { return }
            known[key.id] = nil
            page.traces.append(trace)
            return
        }
        guard let candidate = waiting[key.id], candidate.start == key.start else { return }
        waiting[key.id] = nil
        read.insert(key.id)
        guard try mayHold(key.id), let trace = try judge(key.id, candidate), trace.key < upper else { return }
        if trace.key == key {
            page.traces.append(trace)
        } else {
            known[key.id] = trace
            queue.insert(trace.key)
        }
    }

    private mutating func judge(_ id: TraceID, _ candidate: Candidate) throws(StoreError) -> FoundTrace? {
        guard let large else { return try judgeWhole(id)?.found }
        let places = TracePlaces(of: id, in: reader.views)
        guard places.places.count > large.frames else { return try judgeWhole(id)?.found }
        if let known = large.find(id, version: places.version), known.summary.hasNoCopies,
            known.wasSealed || places.view.map({ reader.views[$0].isSealed }) != true
        {
            if plan.dependsOnTrace {
                if let verdicts = verdicts(known.tree, of: id, places) { return found(known, verdicts) }
            } else {
                // Behind a cursor there may be newer ones, which were told before.
                guard candidate.isCertain, upper == .newest else { return try judge(known.summary, known.mini, places) }
                var found = FoundTrace(key: TraceKey(start: candidate.start, id: id), summary: known.summary)
                (found.matchCount, found.matches, found.hasMoreMatches) = (1, [candidate.span], true)
                if request.matches == 0 { found.matches = [] }
                found.mini = known.mini
                return found
            }
        }
        guard let (trace, found) = try judgeWhole(id) else { return nil }
        if let trace {
            let summary = trace.summary
            let isSealed = places.view.map { reader.views[$0].isSealed } ?? false
            var tree: LargeTree?
            if summary.hasNoCopies, let view = places.view, OutlineSearch.knows(id, in: reader.views[view]) {
                tree = LargeTree(trace)
            }
            large.keep(
                LargeTraces.Known(
                    version: places.version, summary: summary, tree: tree, wasSealed: isSealed, mini: found?.mini))
        }
        return found
    }

    /// Reads a whole trace and asks the query itself. The trace is nil where there is more of it than was read.
    private mutating func judgeWhole(
        _ id: TraceID
    ) throws(StoreError) -> (trace: AssembledTrace?, found: FoundTrace?)? {
        guard let (message, isPart) = try reader.trace(id, maxBytes: request.bounds.traceBytes),
            let trace = Self.assembled(message, id, selection)
        else { return nil }
        page.figures.tracesRead += 1
        var found = found(trace)
        found?.isPart = isPart
        return (isPart ? nil : trace, found)
    }

    /// What the query says of a trace.
    func found(_ trace: AssembledTrace) -> FoundTrace? { judge.found(trace) }

    /// With what is looked at, and with all there is where copies have to be told apart.
    static func assembled(_ message: [UInt8], _ id: TraceID, _ selection: SpanSelection) -> AssembledTrace? {
        guard let spans = try? decodeSpans(message.span, selection: selection) else { return nil }
        let trace = assemble(spans, as: id)
        if trace.summary.hasNoCopies { return trace }
        return (try? decodeSpans(message.span)).map { assemble($0, as: id) }
    }

    // MARK: The end

    private func stopReason(_ deadline: UInt64) -> SearchPage.StopReason? {
        if isCancelled() { return .cancelled }
        if clock() >= deadline { return .time }
        if reader.readBytes >= request.bounds.bytes { return .bytes }
        return waiting.count + known.count >= request.bounds.candidates ? .candidates : nil
    }

    /// Ends early: the cursor goes on where nothing was told yet. False when there would be no progress since the page before:
    /// then time goes on for a while, as a reader would turn in circles else.
    private mutating func stop(_ reason: SearchPage.StopReason, bound: UInt64?, _ deadline: UInt64) -> Bool {
        guard queue.first != nil || bound != nil else { return true }
        let left = max(queue.first?.start ?? 0, bound ?? 0)
        var key = TraceKey(start: left, id: TraceID(high: .max, low: .max))
        if let last = page.traces.last, last.key < key { key = last.key }
        let goesOn = key < upper
        if !goesOn, reason == .time, clock() < deadline &+ Self.patience { return false }
        page.isComplete = false
        page.stopped = reason
        page.figures.searchedBackTo = left
        if goesOn { page.cursor = SearchCursor(end: reader.end, key: key, query: fingerprint, now: request.now) }
        return true
    }

    /// Nanoseconds beyond the deadline.
    private static let patience: UInt64 = 60_000_000_000

    private mutating func finish() {
        guard page.traces.count > request.limit else { return }
        page.traces.removeLast(page.traces.count - request.limit)
        page.isTruncated = true
        // More than the limit is only known when the search was not stopped, or was stopped just then.
        if let last = page.traces.last {
            page.cursor = SearchCursor(end: reader.end, key: last.key, query: fingerprint, now: request.now)
        }
    }
}

extension TraceSummary {
    /// Whether each span came once, so that what one says of itself holds for the trace.
    fileprivate var hasNoCopies: Bool { duplicateCount == 0 && conflictCount == 0 }
}
