extension SummaryBuilder {
    /// What the added spans change: F(preloaded and added) - F(preloaded). Made anew at each call, in one pass.
    package func summary() -> Summary {
        let parents = findParents()
        let answered = findAnswered(parents)
        var operations = FigureTable()
        var calls = FigureTable()
        for place in spans.indices {
            let span = spans[place]
            let before = before(place)
            addOperation(place, span, before, to: &operations)

            let parent = parents[place]
            if parent != Self.noParent, spans[Int(parent)].calls(span) {
                addCall(from: spans[Int(parent)], to: span, sign: 1, in: &calls)
            }
            if answered[place] & Self.now == 0 { addPeerCall(of: span, sign: 1, in: &calls) }
            guard let before else { continue }
            if let parentBefore = self.parentBefore(of: before, place, parents)?.span, parentBefore.calls(before) {
                addCall(from: parentBefore, to: before, sign: -1, in: &calls)
            }
            if answered[place] & Self.earlier == 0 { addPeerCall(of: before, sign: -1, in: &calls) }
        }
        for (key, exemplars) in displaced {
            operations.merge(exemplars, in: operations.row(key.first, key.second))
        }
        return summary(operations, calls)
    }

    private static let noParent = UInt32.max
    private static let now: UInt8 = 1
    private static let earlier: UInt8 = 2

    /// For each span the place of its parent.
    private func findParents() -> [UInt32] {
        var parents = Array(repeating: Self.noParent, count: spans.count)
        for place in spans.indices {
            let span = spans[place]
            if let parent = parent(of: span) { parents[place] = UInt32(parent) }
        }
        return parents
    }

    /// A span that names itself has no parent.
    @inline(__always)
    private func parent(of span: SpanDigest) -> Int? {
        guard span.parentID != 0, span.parentID != span.spanID else { return nil }
        return index.find(traceHigh: span.traceHigh, traceLow: span.traceLow, spanID: span.parentID, in: spans)
    }

    private func parentBefore(of before: SpanDigest, _ place: Int, _ parents: [UInt32]) -> (
        place: Int, span: SpanDigest
    )? {
        let parent: Int
        if before.parentID == spans[place].parentID {
            guard parents[place] != Self.noParent else { return nil }
            parent = Int(parents[place])
        } else {
            guard let found = self.parent(of: before) else { return nil }
            parent = found
        }
        return self.before(parent).map { (parent, $0) }
    }

    /// For each span whether a call from it was received from the other side too, now and according to earlier segments.
    private func findAnswered(_ parents: [UInt32]) -> [UInt8] {
        var answered = Array(repeating: UInt8(0), count: spans.count)
        for place in spans.indices {
            let parent = parents[place]
            if parent != Self.noParent, spans[Int(parent)].calls(spans[place]) { answered[Int(parent)] |= Self.now }
            if let before = before(place), let parentBefore = parentBefore(of: before, place, parents),
                parentBefore.span.calls(before)
            {
                answered[parentBefore.place] |= Self.earlier
            }
        }
        return answered
    }

    @inline(__always)
    private func addOperation(
        _ place: Int, _ span: SpanDigest, _ before: SpanDigest?, to operations: inout FigureTable
    ) {
        if !isUnchanged(place) || isAdded(place) {
            let key = RowKey(span)
            let row = operations.row(key.first, key.second)
            if !isUnchanged(place) { operations.add(span, to: row, sign: 1) }
            if isAdded(place) { operations.note(span, in: row) }
        }
        guard let before, !isUnchanged(place) else { return }
        let key = RowKey(before)
        operations.add(before, to: operations.row(key.first, key.second), sign: -1)
    }

    @inline(__always)
    private func addCall(from parent: SpanDigest, to child: SpanDigest, sign: Int64, in calls: inout FigureTable) {
        add(child, from: parent.service, to: child.service, parent.callKind(to: child), sign: sign, in: &calls)
    }

    @inline(__always)
    private func addPeerCall(of span: SpanDigest, sign: Int64, in calls: inout FigureTable) {
        guard let kind = span.callKindToPeer else { return }
        add(span, from: span.service, to: span.peer, kind, sign: sign, in: &calls)
    }

    @inline(__always)
    private func add(
        _ span: SpanDigest, from: UInt32, to: UInt32, _ kind: CallKind, sign: Int64, in calls: inout FigureTable
    ) {
        let minute = SummaryMinute.of(span.start)
        let row = calls.row(UInt64(from) << 32 | UInt64(to), UInt64(minute) << 8 | UInt64(kind.rawValue))
        calls.add(span, to: row, sign: sign)
    }

    private func summary(_ operations: FigureTable, _ calls: FigureTable) -> Summary {
        var summary = Summary(bounds: bounds)
        var texts: [UInt32: UInt32] = [:]
        func text(_ symbol: UInt32) -> UInt32 {
            if let known = texts[symbol] { return known }
            let text = summary.texts.intern(symbols.bytes(of: symbol))
            texts[symbol] = text
            return text
        }
        operations.forEach { first, second, figures in
            let key = OperationKey(
                service: text(UInt32(first >> 32)), operation: text(UInt32(first & 0xFFFF_FFFF)),
                kind: UInt8(second & 0xFF), minute: UInt32(second >> 8))
            summary.operations[key, default: Figures()].merge(figures)
        }
        calls.forEach { first, second, figures in
            guard let kind = CallKind(rawValue: UInt8(second & 0xFF)) else { return }
            let key = CallKey(
                from: text(UInt32(first >> 32)), to: text(UInt32(first & 0xFFFF_FFFF)), kind: kind,
                minute: UInt32(second >> 8))
            summary.calls[key, default: Figures()].merge(figures)
        }
        summary.beyondBounds = refusedSpans &+ symbols.overflows
        summary.settle()
        return summary
    }
}

extension SummaryBuilder.RowKey {
    @inline(__always)
    fileprivate var first: UInt64 { UInt64(service) << 32 | UInt64(operation) }
    @inline(__always)
    fileprivate var second: UInt64 { UInt64(minute) << 8 | UInt64(kind) }
}
