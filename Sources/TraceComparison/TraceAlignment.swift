import OTLP
package import TraceAssembly

/// Lays two traces side by side. Takes steps in proportion to their spans (and n log n for the rows that are kept), whatever
/// their shape.
///
/// Children of rows that belong together are aligned by service, operation and kind, the first with the first. Runs of alike
/// siblings are one row, unless both traces have equally many and few; what comes again and again between others, as in a loop, is
/// one row as well.
package func compare(
    _ a: AssembledTrace, with b: AssembledTrace, maximumRows: Int = 2000
) -> TraceDifference {
    var alignment = TraceAlignment(a, b)
    alignment.run()
    return alignment.difference(maximumRows: maximumRows)
}

struct TraceAlignment {
    /// Spans of both traces that a row is about; of one trace alone, the other list is empty.
    private struct Pair {
        var a: [Int]
        var b: [Int]
        var parent: Int?
        var depth: Int
    }

    /// Siblings of one operation.
    private struct Run {
        let operation: Int
        var nodes: [Int]
    }

    /// Equally many siblings in both traces are compared one by one below this.
    static let shortestFold = 10
    /// An operation that comes in more runs than this below one parent is one row.
    private static let longestLoop = 4

    let a: AssembledTrace
    let b: AssembledTrace
    private(set) var rows: [TraceDifference.Row] = []
    private let operationsOfA: [Int]
    private let operationsOfB: [Int]
    private let table: OperationTable
    /// What a difference must reach to be one: a thousandth of the longer trace.
    private let floor: UInt64

    init(_ a: AssembledTrace, _ b: AssembledTrace) {
        (self.a, self.b) = (a, b)
        var table = OperationTable()
        operationsOfA = a.nodes.map { $0.isMissing ? Self.placeholder : table.number(of: $0) ?? Self.placeholder }
        operationsOfB = b.nodes.map { $0.isMissing ? Self.placeholder : table.number(of: $0) ?? Self.placeholder }
        self.table = table
        floor = max(a.summary.duration, b.summary.duration) / 1000
    }

    private static let placeholder = -1

    mutating func run() {
        var stack: [Pair] = []
        push(aligned(a.roots, b.roots, areRoots: true), below: nil, depth: 0, to: &stack)
        while let pair = stack.popLast() {
            let row = rows.count
            rows.append(self.row(of: pair))
            let below = aligned(Self.children(of: pair.a, in: a), Self.children(of: pair.b, in: b), areRoots: false)
            push(below, below: row, depth: pair.depth + 1, to: &stack)
        }
    }

    private func push(
        _ pairs: [(a: [Int], b: [Int])], below parent: Int?, depth: Int, to stack: inout [Pair]
    ) {
        for pair in pairs.reversed() { stack.append(Pair(a: pair.a, b: pair.b, parent: parent, depth: depth)) }
    }

    private static func children(of nodes: [Int], in trace: AssembledTrace) -> [Int] {
        var children: [Int] = []
        for node in nodes where trace.nodes[node].childCount > 0 { children += trace.children(of: node) }
        return children
    }

    // MARK: Siblings

    private func aligned(_ childrenOfA: [Int], _ childrenOfB: [Int], areRoots: Bool) -> [(a: [Int], b: [Int])] {
        if childrenOfA.isEmpty, childrenOfB.isEmpty { return [] }
        let runsOfA = Self.runs(childrenOfA, operationsOfA)
        let runsOfB = Self.runs(childrenOfB, operationsOfB)
        let (ofA, ofB) = Self.joiningLoops(runsOfA, runsOfB)

        var waiting: [Int: [Int]] = [:]
        for index in ofB.indices.reversed() { waiting[ofB[index].operation, default: []].append(index) }
        var partners: [Int?] = ofA.map { waiting[$0.operation]?.popLast() }
        pairTheLeftOver(ofA, ofB, &partners, areRoots: areRoots)
        return Self.merged(ofA, ofB, partners)
    }

    private static func runs(_ children: [Int], _ operations: [Int]) -> [Run] {
        var runs: [Run] = []
        for child in children {
            if let last = runs.indices.last, runs[last].operation == operations[child] {
                runs[last].nodes.append(child)
            } else {
                runs.append(Run(operation: operations[child], nodes: [child]))
            }
        }
        return runs
    }

    private static func joiningLoops(_ ofA: [Run], _ ofB: [Run]) -> ([Run], [Run]) {
        guard max(ofA.count, ofB.count) > longestLoop else { return (ofA, ofB) }
        var looping: Set<Int> = []
        for runs in [ofA, ofB] {
            var counts: [Int: Int] = [:]
            for run in runs {
                counts[run.operation, default: 0] += 1
                if counts[run.operation] == longestLoop + 1 { looping.insert(run.operation) }
            }
        }
        return looping.isEmpty ? (ofA, ofB) : (joining(looping, in: ofA), joining(looping, in: ofB))
    }

    private static func joining(_ looping: Set<Int>, in runs: [Run]) -> [Run] {
        var joined: [Run] = []
        var places: [Int: Int] = [:]
        for run in runs {
            if let place = places[run.operation] {
                joined[place].nodes += run.nodes
            } else {
                if looping.contains(run.operation) { places[run.operation] = joined.count }
                joined.append(run)
            }
        }
        return joined
    }

    /// A span that did not arrive stands where the other trace has one that nothing else belongs to; and single roots of one
    /// service belong together whatever they are called.
    private func pairTheLeftOver(_ ofA: [Run], _ ofB: [Run], _ partners: inout [Int?], areRoots: Bool) {
        let leftOfA = ofA.indices.filter { partners[$0] == nil }
        guard leftOfA.count == 1, let left = leftOfA.first else { return }
        let taken = Set(partners.compactMap { $0 })
        let leftOfB = ofB.indices.filter { !taken.contains($0) }
        guard leftOfB.count == 1, let other = leftOfB.first else { return }
        let hasPlaceholder = ofA[left].operation == Self.placeholder || ofB[other].operation == Self.placeholder
        let areAlikeRoots =
            areRoots && ofA.count == 1 && ofB.count == 1
            && a.nodes[ofA[left].nodes[0]].serviceName == b.nodes[ofB[other].nodes[0]].serviceName
        if hasPlaceholder || areAlikeRoots { partners[left] = other }
    }

    /// In the order of `a`; what only `b` has stands behind what it follows there.
    private static func merged(_ ofA: [Run], _ ofB: [Run], _ partners: [Int?]) -> [(a: [Int], b: [Int])] {
        var ownerOfB = [Int?](repeating: nil, count: ofB.count)
        for (index, partner) in partners.enumerated() { if let partner { ownerOfB[partner] = index } }
        var following: [Int: [Int]] = [:]
        var last = -1
        for index in ofB.indices {
            if let owner = ownerOfB[index] { last = owner } else { following[last, default: []].append(index) }
        }
        var pairs: [(a: [Int], b: [Int])] = (following[-1] ?? []).map { ([], ofB[$0].nodes) }
        for (index, run) in ofA.enumerated() {
            let other = partners[index].map { ofB[$0].nodes } ?? []
            if run.nodes.count == other.count, other.count < shortestFold {
                for (left, right) in zip(run.nodes, other) { pairs.append(([left], [right])) }
            } else {
                pairs.append((run.nodes, other))
            }
            for only in following[index] ?? [] { pairs.append(([], ofB[only].nodes)) }
        }
        return pairs
    }

    // MARK: Rows

    private func row(of pair: Pair) -> TraceDifference.Row {
        let sideA = Self.side(pair.a, in: a)
        let sideB = Self.side(pair.b, in: b)
        let first = pair.a.first.map { a.nodes[$0] } ?? b.nodes[pair.b[0]]
        let shown = first.isMissing ? pair.b.first.map { b.nodes[$0] } ?? first : first
        let operation = pair.a.first.map { operationsOfA[$0] } ?? operationsOfB[pair.b[0]]
        let isOneName =
            pair.a.allSatisfy { a.nodes[$0].name == shown.name } && pair.b.allSatisfy { b.nodes[$0].name == shown.name }
        let clustered = operation == Self.placeholder ? shown.name : table.operations[operation].name
        return TraceDifference.Row(
            depth: pair.depth, parent: pair.parent, service: shown.serviceName,
            name: isOneName ? shown.name : clustered,
            kind: shown.span?.kind ?? .unspecified, change: change(sideA, sideB), a: sideA, b: sideB)
    }

    private static func side(_ nodes: [Int], in trace: AssembledTrace) -> TraceDifference.Side? {
        guard let first = nodes.first else { return nil }
        var side = TraceDifference.Side(
            index: first, spanID: trace.nodes[first].spanID, count: nodes.count, duration: 0, selfTime: 0,
            criticalTime: 0, errors: 0)
        for node in nodes {
            side.duration = clampedSum(side.duration, trace.nodes[node].duration)
            side.selfTime = clampedSum(side.selfTime, trace.nodes[node].selfTime)
            side.criticalTime = clampedSum(side.criticalTime, trace.nodes[node].criticalTime)
            side.errors += trace.nodes[node].isError ? 1 : 0
        }
        return side
    }

    /// A difference counts from a tenth of the longer on, and from a thousandth of the longer trace.
    private func change(_ a: TraceDifference.Side?, _ b: TraceDifference.Side?) -> TraceDifference.Change {
        guard let a else { return .onlyB }
        guard let b else { return .onlyA }
        if (a.errors > 0) != (b.errors > 0) { return .status }
        let (shorter, longer) = (min(a.duration, b.duration), max(a.duration, b.duration))
        guard longer - shorter > max(longer / 10, floor) else { return .same }
        return a.duration > b.duration ? .slower : .faster
    }

    // MARK: What is kept

    func difference(maximumRows: Int) -> TraceDifference {
        var verdict = TraceVerdict(a, b, rows).verdict
        guard rows.count > maximumRows else {
            return TraceDifference(rows: rows, rowCount: rows.count, verdict: verdict)
        }
        // A row weighs as much as the heaviest below it, so that rows above one that is kept are kept before it.
        var weights = rows.map { $0.ownDelta.magnitude }
        for index in rows.indices.reversed() {
            if let parent = rows[index].parent { weights[parent] = max(weights[parent], weights[index]) }
        }
        let ordered = rows.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
        var kept = Set(ordered.prefix(max(1, maximumRows)))
        if let row = verdict.row, !kept.contains(row) {
            kept.remove(ordered[max(1, maximumRows) - 1])
            kept.insert(row)
        }
        var places: [Int: Int] = [:]
        var shown: [TraceDifference.Row] = []
        for index in kept.sorted() {
            places[index] = shown.count
            var row = rows[index]
            row.parent = row.parent.flatMap { places[$0] }
            shown.append(row)
        }
        verdict.row = verdict.row.flatMap { places[$0] }
        return TraceDifference(rows: shown, rowCount: rows.count, verdict: verdict)
    }
}
