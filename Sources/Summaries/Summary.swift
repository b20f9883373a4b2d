/// Figures of operations and calls for each minute, as sums of integers: what several segments say is added, in any order.
package struct Summary: Sendable {
    /// Spans and texts that found no room. While this is 0 the figures are a function of the set of spans alone.
    package internal(set) var beyondBounds: UInt64 = 0

    let bounds: SummaryBounds
    var texts = TextList()
    var operations: [OperationKey: Figures] = [:]
    var calls: [CallKey: Figures] = [:]
    /// How many rows there were when they were last looked through for what is beyond the bounds.
    var settledRows = 0

    package init(bounds: SummaryBounds = SummaryBounds()) { self.bounds = bounds }

    /// Rows of operations and calls, for each minute.
    package var rows: Int { operations.count + calls.count }

    /// Adds what `other` says. When there is no room for more rows nothing is changed.
    package mutating func merge(_ other: Summary) throws(SummaryError) {
        try merge(other, where: .everything)
    }

    /// Adds those rows of `other` that `filter` chooses, at its step.
    package mutating func merge(_ other: Summary, where filter: SummaryFilter) throws(SummaryError) {
        let chosen = ChosenTexts(filter, other.texts)
        var added = 0
        for key in other.operations.keys where chosen.includes(key) { added += 1 }
        for key in other.calls.keys where chosen.includes(key) { added += 1 }
        // A bound that is not exact would depend on the order of segments: what is there already is looked up.
        if rows + added > bounds.rows {
            settle()
            guard rows + newRows(of: other, chosen) <= bounds.rows else { throw .tooManyRows(limit: bounds.rows) }
        }
        beyondBounds &+= other.beyondBounds
        var numbers: [UInt32?] = Array(repeating: nil, count: other.texts.texts.count)
        func own(_ number: UInt32) -> UInt32 {
            if let known = numbers[Int(number)] { return known }
            let known = texts.intern(other.texts[number])
            numbers[Int(number)] = known
            return known
        }
        for (key, figures) in other.operations where chosen.includes(key) {
            let key = OperationKey(
                service: own(key.service), operation: own(key.operation), kind: key.kind,
                minute: filter.stepStart(of: key.minute))
            Self.add(figures, to: &operations, key)
        }
        for (key, figures) in other.calls where chosen.includes(key) {
            let key = CallKey(
                from: own(key.from), to: own(key.to), kind: key.kind, minute: filter.stepStart(of: key.minute))
            Self.add(figures, to: &calls, key)
        }
        settleIfGrown()
    }

    private static func add<Key: Hashable>(_ figures: Figures, to rows: inout [Key: Figures], _ key: Key) {
        rows[key, default: Figures()].merge(figures)
        if rows[key]?.isZero == true { rows[key] = nil }
    }

    private func newRows(of other: Summary, _ chosen: ChosenTexts) -> Int {
        func own(_ number: UInt32) -> UInt32? { texts.number(of: other.texts[number]) }
        var new: Set<OperationKey> = []
        var newCalls: Set<CallKey> = []
        var unknown = 0
        for key in other.operations.keys where chosen.includes(key) {
            guard let service = own(key.service), let operation = own(key.operation) else {
                unknown += 1
                continue
            }
            let key = OperationKey(
                service: service, operation: operation, kind: key.kind, minute: chosen.filter.stepStart(of: key.minute))
            if operations[key] == nil { new.insert(key) }
        }
        for key in other.calls.keys where chosen.includes(key) {
            guard let from = own(key.from), let to = own(key.to) else {
                unknown += 1
                continue
            }
            let key = CallKey(from: from, to: to, kind: key.kind, minute: chosen.filter.stepStart(of: key.minute))
            if calls[key] == nil { newCalls.insert(key) }
        }
        return new.count + newCalls.count + unknown
    }
}

/// A row of the figures of operations. Texts are numbers in the summary's list.
struct OperationKey: Hashable, Sendable {
    var service: UInt32
    var operation: UInt32
    var kind: UInt8
    var minute: UInt32
}

/// A row of the figures of calls.
struct CallKey: Hashable, Sendable {
    var from: UInt32
    var to: UInt32
    var kind: CallKind
    var minute: UInt32
}

extension Summary: Equatable {
    package static func == (left: Summary, right: Summary) -> Bool { left.encode() == right.encode() }
}
