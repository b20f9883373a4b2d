import LargeArrays

/// The spans of one trace while they are put in order: one column for each property, one index for each node. Spans come first, as in
/// the input; placeholders for missing parents follow, by id.
struct SpanForest {
    /// Stands for "no parent".
    static let none: Int32 = -1

    private(set) var id: [UInt64]
    private let input: TreeInput
    var parent: [Int32]
    var start: [UInt64]
    var end: [UInt64]
    /// Whether `start` and `end` are the span's own, as opposed to borrowed.
    var isTimed: [Bool]
    var oddities: [SpanOddities]

    var count: Int { id.count }
    /// Spans; placeholders stand behind them.
    private var realCount: Int { input.count }
    func isMissing(_ index: Int) -> Bool { index >= realCount }

    init(_ input: TreeInput, pairing: some Pairing) {
        self.input = input
        id = input.id
        parent = []
        start = Array(large: 0, count: input.count)
        end = Array(large: 0, count: input.count)
        isTimed = Array(large: false, count: input.count)
        oddities = input.oddities
        judgeTimes()
        linkParents(pairing)
        cutCycles()
        spanPlaceholders()
        borrowTimes()
        compareWithParents()
    }

    /// Spans before placeholders, then by id: what decides where nothing else does, whatever order the spans came in.
    func precedes(_ left: Int, _ right: Int) -> Bool {
        isMissing(left) != isMissing(right) ? isMissing(right) : id[left] < id[right]
    }

    // MARK: Times

    /// The last nanosecond that fits a signed number, in April 2262.
    private static let latestTime = UInt64(Int64.max)
    private static let year2000: UInt64 = 946_684_800_000_000_000

    /// Takes over the times that can be true and flags the others.
    private mutating func judgeTimes() {
        let isModern = input.start.contains { $0 >= Self.year2000 && $0 <= Self.latestTime }
        for index in 0..<realCount {
            let (first, last) = (input.start[index], input.end[index])
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
        guard count > realCount else { return }
        for child in 0..<count where isTimed[child] && parent[child] != Self.none {
            let above = Int(parent[child])
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
        guard isTimed.contains(false) else { return }
        let earliest = zip(start, isTimed).lazy.filter(\.1).map(\.0).min() ?? 0
        var isKnown = isTimed
        var waiting: [Int] = []
        for index in 0..<count where !isKnown[index] {
            var node = Int32(truncatingIfNeeded: index)
            while node != Self.none, !isKnown[Int(node)] {
                waiting.append(Int(node))
                node = parent[Int(node)]
            }
            let time = node == Self.none ? earliest : start[Int(node)]
            for node in waiting {
                (start[node], end[node], isKnown[node]) = (time, time, true)
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }

    private mutating func compareWithParents() {
        for child in 0..<count where isTimed[child] && parent[child] != Self.none {
            let above = Int(parent[child])
            guard isTimed[above], !isMissing(above) else { continue }
            if start[child] < start[above] { oddities[child].insert(.startsBeforeParent) }
            if end[child] > end[above] { oddities[child].insert(.endsAfterParent) }
        }
    }

    // MARK: Parents

    private struct Links: Sendable {
        var parent: [Int32]
        var orphans: [Int] = []
        /// Spans that name themselves.
        var loops: [Int] = []

        init(_ input: TreeInput, _ range: Range<Int>, roomFor count: Int) {
            parent = Array(roomFor: count)
            for index in range {
                let wanted = input.parent[index]
                var above = SpanForest.none
                if wanted == input.id[index], wanted != 0 {
                    loops.append(index)
                } else if wanted != 0 {
                    if let found = input.table.find(wanted, in: input.id) {
                        above = found
                    } else {
                        orphans.append(index)
                    }
                }
                parent.append(above)
            }
        }
    }

    private mutating func linkParents(_ pairing: some Pairing) {
        let (input, real) = (input, realCount)
        let (first, second) = pairing.both(
            { Links(input, 0..<real / 2, roomFor: real) },
            { Links(input, real / 2..<real, roomFor: real - real / 2) })
        parent = first.parent
        parent.append(contentsOf: second.parent)
        for index in first.loops + second.loops { oddities[index].insert(.selfParent) }
        let orphans = first.orphans + second.orphans
        guard !orphans.isEmpty else { return }
        let named = orphans.map { input.parent[$0] }
        for place in placesSorted(by: named) {
            let wanted = named[Int(place)]
            if count == realCount || id[count - 1] != wanted { appendPlaceholder(wanted) }
            parent[orphans[Int(place)]] = Int32(truncatingIfNeeded: count - 1)
        }
    }

    private mutating func appendPlaceholder(_ wanted: UInt64) {
        id.append(wanted)
        parent.append(Self.none)
        start.append(0)
        end.append(0)
        isTimed.append(false)
        oddities.append(.missing)
    }

    /// Opens every ring of parents at its earliest span (ties by id), so that the same ring is always cut in the same place.
    private mutating func cutCycles() {
        var walk = [Int32](large: -1, count: count)  // the walk that came by; -1: none yet
        for first in 0..<count where walk[first] < 0 {
            let number = Int32(truncatingIfNeeded: first)
            var node = number
            while node != Self.none, walk[Int(node)] < 0 {
                walk[Int(node)] = number
                node = parent[Int(node)]
            }
            guard node != Self.none, walk[Int(node)] == number else { continue }
            var cut = Int(node)
            var member = Int(node)
            repeat {
                oddities[member].insert(.inCycle)
                if start[member] < start[cut] || start[member] == start[cut] && precedes(member, cut) { cut = member }
                member = Int(parent[member])
            } while member != Int(node)
            oddities[cut].insert(.cycleCut)
            parent[cut] = Self.none
        }
    }
}
