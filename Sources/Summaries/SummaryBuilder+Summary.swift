extension SummaryBuilder {
    /// What the added spans change: F(preloaded and added) - F(preloaded). Made anew at each call.
    package func summary() -> Summary { summary { _, _, _ in } }

    /// The same, and the outlines of the segment's own spans (see `OutlineWriter`).
    package func summaryAndOutlines(moment: UInt64) -> (summary: Summary, outlines: [UInt8]) {
        var outlines = TraceOutlines(moment: moment, frameEnds: frameEnds, spans: held.count)
        let summary = summary { outlines.add($0, $1, $2) }
        return (summary, outlines.finish(symbols))
    }

    private func summary(
        _ eachTrace: (borrowing TraceCopies, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<HeldSpan>) -> Void
    ) -> Summary {
        var operations = FigureTable(expecting: held.count)
        var calls = FigureTable(expecting: held.count)
        held.withUnsafeBufferPointer { held in
            var groups = TraceGroups(held)
            var trace = TraceCopies()
            groups.forEach(held) { places in
                for place in places where !held[Int(place)].isEarlier {
                    // Also of copies that another stands in place of.
                    let span = held[Int(place)].span
                    operations.note(span, in: operations.row(of: RowKey(span)))
                }
                trace.take(places, held)
                add(trace, &operations, &calls)
                eachTrace(trace, places, held)
            }
        }
        return summary(operations, calls)
    }

    private func add(_ trace: borrowing TraceCopies, _ operations: inout FigureTable, _ calls: inout FigureTable) {
        for node in trace.nodes {
            let now = node.now
            if let parent = node.parent.map({ trace.nodes[$0].now }), parent.calls(now) {
                addCall(from: parent, to: now, sign: 1, in: &calls)
            }
            if !node.isAnswered { addPeerCall(of: now, sign: 1, in: &calls) }
            guard let before = node.before else {
                operations.add(now, to: operations.row(of: RowKey(now)), sign: 1)
                continue
            }
            if !before.isCopy(of: now) {
                operations.add(now, to: operations.row(of: RowKey(now)), sign: 1)
                operations.add(before, to: operations.row(of: RowKey(before)), sign: -1)
            }
            if let parent = node.parentBefore.flatMap({ trace.nodes[$0].before }), parent.calls(before) {
                addCall(from: parent, to: before, sign: -1, in: &calls)
            }
            if !node.wasAnswered { addPeerCall(of: before, sign: -1, in: &calls) }
        }
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
