import JSON
import OTLP
import SpanColumns
import TraceAssembly
import TraceModel

/// Rows of a trace: what one line of a waterfall shows. See `TraceRow` in `docs/openapi.yaml`.
struct TraceRows {
    let view: TraceView
    let evidence: MissingEvidence
    private var shape: TraceShape { view.shape }
    /// Folds by their first node; the outermost where several begin there.
    private let folds: [Int32: SiblingFold]

    /// Stretches of the critical path in one row; close ones are joined first.
    private static let maximumStretches = 16

    init(_ view: TraceView, now: UInt64, window: Range<Int>) {
        self.view = view
        evidence = view.evidence(at: now)
        let findings = view.shape.findings
        var folds: [Int32: SiblingFold] = [:]
        // Few begin in a window, so they are not looked at one by one for each row.
        var low = findings.folds.partitioningIndex { $0.first >= window.lowerBound }
        while low < findings.folds.count, findings.folds[low].first < window.upperBound {
            folds[Int32(truncatingIfNeeded: findings.folds[low].first)] = findings.folds[low]
            low += 1
        }
        self.folds = folds
    }

    func write(_ node: Int, to writer: inout JSONWriter) {
        writer.object { writer in members(node, &writer) }
    }

    private func members(_ node: Int, _ writer: inout JSONWriter) {
        writer.member("index", node)
        writer.member("spanId", SpanID(value: shape.id[node]).description)
        writer.key("parent")
        if shape.parent[node] >= 0 { writer.number(shape.parent[node]) } else { writer.null() }
        writer.member("depth", Int(shape.depth[node]))
        writer.member("childCount", Int(shape.childCount[node]))
        writer.member("subtreeCount", Int(shape.subtreeCount[node]))
        writer.member("offsetNs", offset(shape.start[node]))
        writer.member("durationNs", shape.duration(node))
        writer.member("selfNs", shape.selfTime[node])
        writer.member("criticalNs", shape.criticalTime[node])
        if shape.criticalTime[node] > 0 { stretches(node, &writer) }
        findings(node, to: &writer)
        if shape.isError(node) { writer.member("error", true) }
        if shape.isMissing(node) { writer.member("missing", evidence.rawValue) }
        if !shape.oddities[node].isEmpty {
            writer.key("oddities")
            writer.array { writer in for word in shape.oddities[node].words { writer.string(word) } }
        }
        writer.member("service", shape.service(node))
        writer.member("name", shape.name(node))
        writer.member("kind", shape.kind(node).description)
        if Int(shape.host[node]) < shape.hosts.count { writer.member("host", Int(shape.host[node])) }
        if shape.eventCount[node] > 0 { writer.member("events", Int(shape.eventCount[node])) }
        if shape.linkCount[node] > 0 { writer.member("links", Int(shape.linkCount[node])) }
        if let fold = folds[Int32(truncatingIfNeeded: node)] {
            writer.key("fold")
            writer.object { writer in
                writer.member("siblings", fold.siblings)
                writer.member("nodes", fold.nodes)
                writer.member("durationNs", fold.duration)
                writer.member("errors", fold.errors)
                let sums = FoldSums(fold, shape)
                writer.member("extentNs", sums.end - min(sums.end, shape.start[node]))
                writer.member("criticalNs", sums.critical)
                writer.member("latency_step", Int(sums.step.rawValue))
            }
        }
    }

    /// What follows from the trace as a whole and not from the span.
    func findings(_ node: Int, to writer: inout JSONWriter) {
        writer.member("latency_step", Int(shape.colours.step[node].rawValue))
        writer.key("latency_rank")
        writer.rank(shape.colours.rank[node])
        let origins = shape.findings.origins
        let place = origins.partitioningIndex { $0 >= Int32(truncatingIfNeeded: node) }
        if place < origins.count, origins[place] == Int32(truncatingIfNeeded: node) { writer.member("origin", true) }
        let shift = shape.findings.shift(of: node)
        if shift != 0 {
            writer.key("shiftNs")
            writer.number(shift)
        }
    }

    private func offset(_ time: UInt64) -> UInt64 { time - min(time, shape.summary.start) }

    private func stretches(_ node: Int, _ writer: inout JSONWriter) {
        writer.key("path")
        writer.array { writer in
            for (from, to) in joined(view.path(of: node)) {
                writer.array { writer in
                    writer.number(offset(from))
                    writer.number(to - from)
                }
            }
        }
    }

    /// Stretches with the smallest gaps between them are joined until few enough are left.
    private func joined(_ path: some Collection<CriticalSegment>) -> [(from: UInt64, to: UInt64)] {
        var stretches = path.map { (from: $0.start, to: $0.end) }
        guard stretches.count > Self.maximumStretches else { return stretches }
        let gaps = stretches.indices.dropFirst().sorted {
            stretches[$0].from - stretches[$0 - 1].to > stretches[$1].from - stretches[$1 - 1].to
        }
        let kept = Set(gaps.prefix(Self.maximumStretches - 1))
        var result: [(from: UInt64, to: UInt64)] = [stretches.removeFirst()]
        for (index, stretch) in stretches.enumerated() {
            if kept.contains(index + 1) { result.append(stretch) } else { result[result.count - 1].to = stretch.to }
        }
        return result
    }
}

/// What all nodes of a run amount to.
private struct FoldSums {
    private(set) var end: UInt64 = 0
    private(set) var critical: UInt64 = 0
    /// As hot as its hottest span; and spans without a history are as hot as all of them together, or many short ones would hide
    /// that the time went there.
    private(set) var step = LatencyStep.negligible

    init(_ fold: SiblingFold, _ shape: TraceShape) {
        var shared: UInt64 = 0
        for node in fold.first..<fold.first + fold.nodes {
            end = max(end, shape.end[node])
            critical &+= shape.criticalTime[node]
            step = max(step, shape.colours.step[node])
            if shape.colours.rank[node] == TraceColours.noRank { shared &+= shape.criticalTime[node] }
        }
        step = max(step, LatencyStep(part: shared, whole: shape.summary.criticalTime))
    }
}

extension JSONWriter {
    /// A rank in ten-thousandths as a share, null where there is none.
    mutating func rank(_ rank: UInt16) {
        guard rank != TraceColours.noRank else { return null() }
        double(Double(rank) / 10_000)
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first place from which on `belongs` holds; it holds for all behind one for which it does.
    func partitioningIndex(_ belongs: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
