package import OTLP
package import SpanColumns
package import TraceModel
import LargeArrays

/// A trace as a tree, in columns by node in depth-first order: a parent before its children, children by start time. About 90 bytes a
/// node, so that a million spans can be kept at hand. Placeholders stand for spans that others name as parent.
///
/// Tree, times and critical path are those of `assemble`.
package struct TraceShape: Sendable {
    package let traceID: TraceID
    package let id: [UInt64]
    /// -1 for a root.
    package let parent: [Int32]
    package let depth: [Int32]
    package let childCount: [Int32]
    package let subtreeCount: [Int32]
    package let start: [UInt64]
    package let end: [UInt64]
    package let selfTime: [UInt64]
    package let criticalTime: [UInt64]
    package let oddities: [SpanOddities]
    /// Into `operations`; the last of them is that of placeholders and says nothing.
    package let operation: [UInt32]
    package let host: [UInt32]
    package let message: [UInt32]
    package let place: [UInt32]
    private let copyPlaces: CopyPlaces
    /// 0 unset, 1 ok, 2 error.
    package let status: [UInt8]
    package let eventCount: [UInt16]
    package let linkCount: [UInt16]
    package private(set) var colours: TraceColours
    package let findings: TraceFindings

    package let operations: [SpanOperation]
    package let hosts: [SpanHost]
    package let texts: TextTable
    /// The critical path in the order of time.
    package let path: [CriticalSegment]
    package let summary: TraceSummary

    package var count: Int { id.count }
    package func isMissing(_ node: Int) -> Bool { oddities[node].contains(.missing) }
    package func isError(_ node: Int) -> Bool { status[node] == 2 }
    package func duration(_ node: Int) -> UInt64 { end[node] >= start[node] ? end[node] - start[node] : 0 }
    package func service(_ node: Int) -> String { texts[Int(operations[Int(operation[node])].service)] }
    package func name(_ node: Int) -> String { texts[Int(operations[Int(operation[node])].name)] }
    package func kind(_ node: Int) -> SpanKind {
        SpanKind(rawValue: operations[Int(operation[node])].kind) ?? .unspecified
    }
    /// Of a service without a known host the service's name stands for it.
    package func hostName(_ host: Int) -> String {
        texts[Int(hosts[host].name != 0 ? hosts[host].name : hosts[host].service)]
    }
    package func subtree(_ node: Int) -> Range<Int> { node..<node + Int(subtreeCount[node]) }

    /// The same with other steps.
    package func coloured(by history: [RankTable?]) -> TraceShape {
        var shape = self
        shape.colours = TraceColours(
            durations: (0..<count).lazy.map { duration($0) }, operations: operation, criticalTimes: criticalTime,
            pathTotal: summary.criticalTime, history)
        return shape
    }

    /// Where a span and its copies lie.
    package func places(of node: Int) -> [UInt32] {
        let places = copyPlaces[id[node]]
        return places.isEmpty ? [place[node]] : Array(places)
    }

    /// Another one for another tree: of ids in their order and what is below each.
    package var mark: UInt64 {
        var mark: UInt64 = UInt64(count)
        for node in 0..<count {
            let product = (mark ^ id[node]).multipliedFullWidth(
                by: 0x9E37_79B9_7F4A_7C15 ^ UInt64(subtreeCount[node]) << 32)
            mark = product.high ^ product.low
        }
        return mark
    }

    /// The first node with an id; a placeholder if no span has it.
    package func node(of id: SpanID) -> Int? { self.id.firstIndex(of: id.value) }
}

extension TraceShape {
    /// - Parameters:
    ///   - resolve: the spans of some rows of the columns, in their order, so that copies that differ can be put in the order in
    ///     which `assemble` puts them. Nil for those that cannot be read; then their hashes decide.
    package init(
        _ columns: consuming SpanColumns, history: [RankTable?] = [], pairing: some Pairing = OneAfterTheOther(),
        resolve: ([Int]) -> [SpanValue?] = { $0.map { _ in nil } }
    ) {
        let columns = columns
        let copies = SpanCopies(columns, pairing: pairing, resolve)
        let tree = TraceTree(copies.input, pairing: pairing)
        let (critical, own) = pairing.both({ CriticalPath(of: tree) }, { NodeColumns(columns, copies, tree) })

        traceID = columns.traceID
        id = tree.id
        (parent, depth) = (tree.parent, tree.depth)
        (childCount, subtreeCount) = (tree.childCount, tree.subtreeCount)
        (start, end) = (tree.start, tree.end)
        (selfTime, criticalTime) = (own.selfTime, critical.timeByNode)
        oddities = tree.oddities
        copyPlaces = copies.copyPlaces
        (operation, host, message, place) = (own.operation, own.host, own.message, own.place)
        (status, eventCount, linkCount) = (own.status, own.eventCount, own.linkCount)
        operations = own.operations
        hosts = columns.hosts
        texts = columns.texts
        path = critical.segments
        colours = TraceColours(
            durations: zip(start, end).lazy.map { $0 <= $1 ? $1 - $0 : 0 }, operations: operation,
            criticalTimes: criticalTime, pathTotal: critical.total, history)
        findings = own.findings

        var summary = TraceSummary(traceID: traceID)
        (summary.start, summary.end) = tree.extent
        summary.criticalTime = critical.total
        summary.duplicateCount = copies.duplicateCount
        summary.conflictCount = copies.conflictCount
        let (operations, operation, status, oddities, depth) = (operations, operation, status, oddities, depth)
        let services = operations.map { columns.texts[Int($0.service)] }
        summary.maxDepth = depth.max().map { Int($0) } ?? 0
        var spans = [Int](repeating: 0, count: operations.count)
        var errors = spans
        for node in operation.indices {
            if oddities[node].contains(.missing) {
                summary.missingCount += 1
                continue
            }
            spans[Int(operation[node])] += 1
            if status[node] == 2 { errors[Int(operation[node])] += 1 }
        }
        summary.spanCount = spans.reduce(0, +)
        summary.errorCount = errors.reduce(0, +)
        var shares: [UInt32: ServiceShare] = [:]
        for number in operations.indices where spans[number] > 0 {
            shares[operations[number].service, default: ServiceShare(name: services[number], spans: 0, errors: 0)]
                .add(spans: spans[number], errors: errors[number])
        }
        summary.services = shares.values.sorted { ($1.spans, $0.name) < ($0.spans, $1.name) }
        let parent = parent
        let root =
            parent.indices.first { parent[$0] < 0 && !oddities[$0].contains(.missing) }
            ?? parent.indices.first { !oddities[$0].contains(.missing) }
        if let root {
            summary.rootSpanID = SpanID(value: id[root])
            summary.rootService = services[Int(operation[root])]
            summary.rootName = columns.texts[Int(operations[Int(operation[root])].name)]
        }
        self.summary = summary
    }
}

/// What nodes have of their own, whatever was waited for.
private struct NodeColumns: Sendable {
    let operation: [UInt32]
    let host: [UInt32]
    let message: [UInt32]
    let place: [UInt32]
    let status: [UInt8]
    let eventCount: [UInt16]
    let linkCount: [UInt16]
    let selfTime: [UInt64]
    let operations: [SpanOperation]
    let findings: TraceFindings

    init(_ columns: SpanColumns, _ copies: SpanCopies, _ tree: TraceTree) {
        let real = copies.input.count
        let rows = Array(large: tree.source.lazy.map { $0 < real ? copies.row[Int($0)] : -1 })
        func column<Value>(_ values: [Value], _ missing: Value) -> [Value] {
            Array(large: rows.lazy.map { $0 >= 0 ? values[Int($0)] : missing })
        }
        operation = column(columns.operation, UInt32(columns.operations.count))
        host = column(columns.host, .max)
        message = column(columns.message, 0)
        place = column(columns.place, .max)
        status = column(columns.status, 0)
        eventCount = column(columns.eventCount, 0)
        linkCount = column(columns.linkCount, 0)
        selfTime = tree.times.selfTimes()
        let names = columns.operations + [SpanOperation(service: 0, name: 0, kind: 0)]
        operations = names
        findings = TraceFindings(
            tree, operation: operation,
            kinds: Array(large: operation.lazy.map { SpanKind(rawValue: names[Int($0)].kind) ?? .unspecified }),
            status: status, host: host, hostCount: columns.hosts.count)
    }
}
