extension SummaryBuilder {
    /// What the added spans change: F(preloaded and added) - F(preloaded). Made anew at each call, in two passes.
    package func summary() -> Summary {
        let (parents, answered) = findParents()
        var operations = FigureTable(expecting: held.count)
        var calls = FigureTable(expecting: held.count)
        for place in held.indices {
            let held = held[place]
            let parent = parents[place]
            if parent != Self.noParent, self.held[Int(parent)].span.calls(held.span) {
                addCall(from: self.held[Int(parent)].span, to: held.span, sign: 1, in: &calls)
            }
            if answered[place] & Self.now == 0 { addPeerCall(of: held.span, sign: 1, in: &calls) }
            if !held.wasHeldBefore {
                let row = operations.row(of: RowKey(held.span))
                operations.add(held.span, to: row, sign: 1)
                operations.note(held.span, in: row)
            } else {
                subtract(place, parent, wasAnswered: answered[place] & Self.earlier != 0, &operations, &calls)
            }
        }
        for (key, exemplars) in displaced { operations.merge(exemplars, in: operations.row(of: key)) }
        return summary(operations, calls)
    }

    /// Of a span that was held before: its own figures if they change, and what was said of its calls.
    private func subtract(
        _ place: Int, _ parent: UInt32, wasAnswered: Bool, _ operations: inout FigureTable, _ calls: inout FigureTable
    ) {
        guard let before = before(place) else { return }
        let held = held[place]
        if held.isAdded || !held.isKnown {
            let row = operations.row(of: RowKey(held.span))
            if !held.isKnown { operations.add(held.span, to: row, sign: 1) }
            if held.isAdded { operations.note(held.span, in: row) }
        }
        if !held.isKnown { operations.add(before, to: operations.row(of: RowKey(before)), sign: -1) }
        if let parent = parentBefore(of: before, place, parent)?.span, parent.calls(before) {
            addCall(from: parent, to: before, sign: -1, in: &calls)
        }
        if !wasAnswered { addPeerCall(of: before, sign: -1, in: &calls) }
    }

    private static let noParent = UInt32.max
    private static let now: UInt8 = 1
    private static let earlier: UInt8 = 2

    /// For each span the place of its parent, and whether a call from it was received from the other side too, now and
    /// according to earlier segments.
    private func findParents() -> (parents: [UInt32], answered: [UInt8]) {
        var parents = Array(repeating: Self.noParent, count: held.count)
        var answered = Array(repeating: UInt8(0), count: held.count)
        for place in held.indices {
            let span = held[place].span
            if let parent = parent(of: span, near: place) {
                parents[place] = UInt32(parent)
                if held[parent].span.calls(span) { answered[parent] |= Self.now }
            }
            guard held[place].wasHeldBefore, let before = before(place),
                let parent = parentBefore(of: before, place, parents[place]), parent.span.calls(before)
            else { continue }
            answered[parent.place] |= Self.earlier
        }
        return (parents, answered)
    }

    /// A span that names itself has no parent.
    @inline(__always)
    private func parent(of span: SpanDigest, near place: Int) -> Int? {
        guard span.parentID != 0, span.parentID != span.spanID else { return nil }
        if place > 0 {
            let previous = held[place - 1].span
            if previous.spanID == span.parentID, previous.traceLow == span.traceLow,
                previous.traceHigh == span.traceHigh
            {
                return place - 1
            }
        }
        return index.find(traceHigh: span.traceHigh, traceLow: span.traceLow, spanID: span.parentID, in: held)
    }

    /// `parent` is that of the standing copy.
    private func parentBefore(of before: SpanDigest, _ place: Int, _ parent: UInt32) -> (place: Int, span: SpanDigest)?
    {
        if before.parentID == held[place].span.parentID {
            guard parent != Self.noParent else { return nil }
            return self.before(Int(parent)).map { (Int(parent), $0) }
        }
        guard let parent = self.parent(of: before, near: place) else { return nil }
        return self.before(parent).map { (parent, $0) }
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

extension FigureTable {
    @inline(__always)
    mutating func row(of key: SummaryBuilder.RowKey) -> Int {
        row(UInt64(key.service) << 32 | UInt64(key.operation), UInt64(key.minute) << 8 | UInt64(key.kind))
    }
}
