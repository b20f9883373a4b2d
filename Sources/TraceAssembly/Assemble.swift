package import OTLP
package import TraceModel

/// Builds the tree of one trace. Takes n log n steps for any input and never fails: what is strange is flagged on its node
/// (`SpanOddities`). Spans of other traces are counted and left out.
package func assemble(_ spans: [SpanValue], as traceID: TraceID) -> AssembledTrace {
    let own = spans.allSatisfy { $0.traceID == traceID } ? spans : spans.filter { $0.traceID == traceID }
    let forest = SpanForest(MergedSpan.merge(own))
    let order = NodeOrder(of: forest)

    var nodes: [TraceNode] = []
    nodes.reserveCapacity(order.order.count)
    var summary = TraceSummary(traceID: traceID)
    summary.foreignCount = spans.count - own.count
    var extent: (start: UInt64, end: UInt64)?
    for (position, index) in order.order.enumerated() {
        let merged = forest.merged[index]
        var node = TraceNode(
            spanID: merged.spanID, span: merged.span, copies: merged.copies, start: forest.start[index],
            end: forest.end[index], oddities: forest.oddities[index])
        node.variants = merged.variants
        node.parent = order.parent[position]
        node.depth = order.depth[position]
        node.childCount = order.childCount[position]
        node.subtreeCount = order.subtreeCount[position]
        summary.duplicateCount += max(0, merged.copies - 1) + merged.variantCopies
        summary.conflictCount += merged.variants.count
        if forest.isTimed[index] {
            extent = (min(extent?.start ?? node.start, node.start), max(extent?.end ?? node.end, node.end))
        }
        nodes.append(node)
    }
    (summary.start, summary.end) = extent ?? (0, 0)

    let times = NodeTimes(nodes)
    let path = CriticalPath(of: times, from: summary.start, to: summary.end)
    summary.criticalTime = path.total
    for segment in path.segments { nodes[segment.node].criticalTime += segment.end - segment.start }
    for index in nodes.indices {
        nodes[index].latencyStep = LatencyStep(part: nodes[index].criticalTime, whole: path.total)
        nodes[index].selfTime = times.selfTime(of: index)
    }

    let roots = nodes.indices.filter { nodes[$0].parent == nil }
    summary.count(nodes)
    return AssembledTrace(
        traceID: traceID, nodes: nodes, roots: roots, criticalPath: path.segments, summary: summary)
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
