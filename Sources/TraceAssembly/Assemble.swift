package import OTLP
package import TraceModel

/// Builds the tree of one trace. Takes n log n steps for any input and never fails: what is strange is flagged on its node
/// (`SpanOddities`). Spans of other traces are counted and left out.
package func assemble(_ spans: [SpanValue], as traceID: TraceID) -> AssembledTrace {
    let own = spans.allSatisfy { $0.traceID == traceID } ? spans : spans.filter { $0.traceID == traceID }
    let merged = MergedSpan.merge(own)
    let tree = TraceTree(merged)
    let critical = CriticalPath(of: tree)
    let selfTimes = tree.times.selfTimes()

    var nodes: [TraceNode] = []
    nodes.reserveCapacity(tree.count)
    var summary = TraceSummary(traceID: traceID)
    summary.foreignCount = spans.count - own.count
    for index in 0..<tree.count {
        let source = Int(tree.source[index])
        let span = source < merged.count ? merged[source] : MergedSpan(placeholder: SpanID(value: tree.id[index]))
        var node = TraceNode(
            spanID: span.spanID, span: span.span, copies: span.copies, start: tree.start[index], end: tree.end[index],
            oddities: tree.oddities[index])
        node.variants = span.variants
        node.parent = tree.parent[index] == SpanForest.none ? nil : Int(tree.parent[index])
        node.depth = Int(tree.depth[index])
        node.childCount = Int(tree.childCount[index])
        node.subtreeCount = Int(tree.subtreeCount[index])
        node.selfTime = selfTimes[index]
        node.criticalTime = critical.timeByNode[index]
        node.latencyStep = LatencyStep(part: node.criticalTime, whole: critical.total)
        summary.duplicateCount += max(0, span.copies - 1) + span.variantCopies
        summary.conflictCount += span.variants.count
        nodes.append(node)
    }
    (summary.start, summary.end) = tree.extent
    summary.criticalTime = critical.total
    let roots = nodes.indices.filter { nodes[$0].parent == nil }
    summary.count(nodes)
    return AssembledTrace(
        traceID: traceID, nodes: nodes, roots: roots, criticalPath: critical.segments, summary: summary)
}

extension TraceTree {
    fileprivate init(_ spans: [MergedSpan]) {
        let ids = spans.map(\.spanID.value)
        let input = TreeInput(
            id: ids, parent: spans.map { $0.parentID?.value ?? 0 }, start: spans.map { $0.span?.startUnixNano ?? 0 },
            end: spans.map { $0.span?.endUnixNano ?? 0 },
            oddities: spans.map { span in
                var oddities: SpanOddities = []
                if span.copies > 1 { oddities.insert(.duplicate) }
                if !span.variants.isEmpty { oddities.insert(.conflict) }
                return oddities
            }, table: SpanIDTable(ids))
        self.init(input)
    }
}

extension TraceSummary {
    fileprivate mutating func count(_ nodes: [TraceNode]) {
        var places: [ExactText: Int] = [:]
        var shares: [ServiceShare] = []
        var last = -1
        for index in nodes.indices {
            maxDepth = max(maxDepth, nodes[index].depth)
            guard !nodes[index].isMissing else {
                missingCount += 1
                continue
            }
            spanCount += 1
            let name = ExactText(nodes[index].serviceName)
            // Neighbours are often of one service.
            if last < 0 || ExactText(shares[last].name) != name {
                if let known = places[name] {
                    last = known
                } else {
                    last = shares.count
                    places[name] = last
                    shares.append(ServiceShare(name: name.text, spans: 0, errors: 0))
                }
            }
            shares[last].spans += 1
            if nodes[index].isError {
                errorCount += 1
                shares[last].errors += 1
            }
        }
        services = shares.sorted { ($1.spans, $0.name) < ($0.spans, $1.name) }
        // Roots come by time, and a placeholder begins with its earliest child: the first that fits is the earliest.
        let root = nodes.first { $0.parent == nil && !$0.isMissing } ?? nodes.first { !$0.isMissing }
        guard let root else { return }
        (rootSpanID, rootService, rootName) = (root.spanID, root.serviceName, root.name)
    }
}

/// A text that equals what has the same bytes, as everywhere else: two spellings of an é are two names.
private struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }
}
