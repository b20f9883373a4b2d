import OTLP
import TraceModel

/// The spans of one trace while they are put in order: one column for each property, one index for each node. Real spans
/// come first, by span id; placeholders for missing parents follow, by id too. So an index breaks ties as the id would.
struct SpanForest {
    /// Stands for "no parent".
    static let none = -1

    private(set) var merged: [MergedSpan]
    private(set) var id: [SpanID]
    /// What each span names, and says of its times; columns of their own, as spans are looked at again and again.
    private let named: [SpanID?]
    private let claimed: [(start: UInt64, end: UInt64)]
    var parent: [Int]
    var start: [UInt64]
    var end: [UInt64]
    /// Whether `start` and `end` are the span's own, as opposed to borrowed.
    var isTimed: [Bool]
    var oddities: [SpanOddities]

    var count: Int { merged.count }
    /// Spans; placeholders stand behind them.
    private var realCount: Int { named.count }
    func isMissing(_ index: Int) -> Bool { index >= realCount }

    init(_ spans: [MergedSpan]) {
        merged = spans
        id = spans.map(\.spanID)
        named = spans.map(\.parentID)
        claimed = spans.map { ($0.span?.startUnixNano ?? 0, $0.span?.endUnixNano ?? 0) }
        parent = Array(repeating: Self.none, count: spans.count)
        start = Array(repeating: 0, count: spans.count)
        end = start
        isTimed = Array(repeating: false, count: spans.count)
        oddities = spans.map { span in
            var found: SpanOddities = []
            if span.copies > 1 { found.insert(.duplicate) }
            if !span.variants.isEmpty { found.insert(.conflict) }
            return found
        }
        judgeTimes()
        linkParents()
        cutCycles()
        spanPlaceholders()
        borrowTimes()
        compareWithParents()
    }

    // MARK: Times

    /// The last nanosecond that fits a signed number, in April 2262.
    private static let latestTime = UInt64(Int64.max)
    private static let year2000: UInt64 = 946_684_800_000_000_000

    /// Takes over the times that can be true and flags the others.
    private mutating func judgeTimes() {
        let isModern = claimed.contains { (Self.year2000...Self.latestTime).contains($0.start) }
        for (index, (first, last)) in claimed.enumerated() {
            if first == 0 || last == 0 { oddities[index].insert(.timeUnset) }
            if last < first, last != 0 { oddities[index].insert(.endsBeforeStart) }
            let isStartAbsurd = first > Self.latestTime || (isModern && first < Self.year2000 && first != 0)
            if isStartAbsurd || last > Self.latestTime { oddities[index].insert(.timeAbsurd) }
            guard first != 0, !isStartAbsurd else { continue }
            isTimed[index] = true
            start[index] = first
            end[index] = last < first || last > Self.latestTime ? first : last
        }
    }

    /// A placeholder reaches from the first start to the last end of the children that call for it.
    private mutating func spanPlaceholders() {
        for child in 0..<count where isTimed[child] && parent[child] != Self.none {
            let above = parent[child]
            guard isMissing(above) else { continue }
            if isTimed[above] {
                start[above] = min(start[above], start[child])
                end[above] = max(end[above], end[child])
            } else {
                (start[above], end[above], isTimed[above]) = (start[child], end[child], true)
            }
        }
    }

    /// A node without a time of its own stands, with no length, at the start of the nearest node above that has one.
    private mutating func borrowTimes() {
        let earliest = zip(start, isTimed).lazy.filter(\.1).map(\.0).min() ?? 0
        var isKnown = isTimed
        var waiting: [Int] = []
        for index in 0..<count where !isKnown[index] {
            var node = index
            while node != Self.none, !isKnown[node] {
                waiting.append(node)
                node = parent[node]
            }
            let time = node == Self.none ? earliest : start[node]
            for node in waiting {
                (start[node], end[node], isKnown[node]) = (time, time, true)
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }

    private mutating func compareWithParents() {
        for child in 0..<count where isTimed[child] && parent[child] != Self.none {
            let above = parent[child]
            guard isTimed[above], !isMissing(above) else { continue }
            if start[child] < start[above] { oddities[child].insert(.startsBeforeParent) }
            if end[child] > end[above] { oddities[child].insert(.endsAfterParent) }
        }
    }

    // MARK: Parents

    private mutating func linkParents() {
        let real = realCount
        var missing: [SpanID] = []
        for index in 0..<real {
            guard let wanted = named[index] else { continue }
            if wanted == id[index] {
                oddities[index].insert(.selfParent)
            } else if let found = indexOfSpan(wanted, within: 0..<real) {
                parent[index] = found
            } else {
                missing.append(wanted)
            }
        }
        guard !missing.isEmpty else { return }
        missing.sort()
        for wanted in missing where count == real || id[count - 1] != wanted { appendPlaceholder(wanted) }
        for index in 0..<real where parent[index] == Self.none {
            guard let wanted = named[index], wanted != id[index] else { continue }
            parent[index] = indexOfSpan(wanted, within: real..<count) ?? Self.none
        }
    }

    private mutating func appendPlaceholder(_ wanted: SpanID) {
        merged.append(MergedSpan(placeholder: wanted))
        id.append(wanted)
        parent.append(Self.none)
        start.append(0)
        end.append(0)
        isTimed.append(false)
        oddities.append(.missing)
    }

    /// Both stretches are sorted by id.
    private func indexOfSpan(_ wanted: SpanID, within range: Range<Int>) -> Int? {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if id[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low < range.upperBound && id[low] == wanted ? low : nil
    }

    /// Opens every ring of parents at its earliest span (ties by id), so that the same ring is always cut in the same place.
    private mutating func cutCycles() {
        var walk = Array(repeating: 0, count: count)  // the number of the walk that came by; 0: none yet
        for first in 0..<count where walk[first] == 0 {
            let number = first + 1
            var node = first
            while node != Self.none, walk[node] == 0 {
                walk[node] = number
                node = parent[node]
            }
            guard node != Self.none, walk[node] == number else { continue }
            var cut = node
            var member = node
            repeat {
                oddities[member].insert(.inCycle)
                if (start[member], member) < (start[cut], cut) { cut = member }
                member = parent[member]
            } while member != node
            oddities[cut].insert(.cycleCut)
            parent[cut] = Self.none
        }
    }
}
