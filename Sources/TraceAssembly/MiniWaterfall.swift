/// A trace drawn small, beside its line in a list: the spans that matter, each a bar.
package struct MiniWaterfall: Equatable, Sendable {
    package struct Bar: Equatable, Sendable {
        /// In thousandths of the trace's duration; together they never pass 1000, and `width` is never 0.
        package var offset: UInt16
        package var width: UInt16
        package var step: LatencyStep
        package var isError: Bool

        package init(offset: UInt16, width: UInt16, step: LatencyStep, isError: Bool) {
            self.offset = offset
            self.width = width
            self.step = step
            self.isError = isError
        }
    }

    package static let maximumBars = 24
    /// Places that failing spans have before others, where there are so many.
    private static let errorBars = 8

    /// In the order of the trace's rows.
    package let bars: [Bar]

    /// The spans that hold most of the critical path, and those that failed, the earliest rows first.
    package init(_ trace: AssembledTrace) {
        var failing: [Int] = []
        for index in trace.nodes.indices where trace.nodes[index].isError {
            failing.append(index)
            if failing.count == Self.maximumBars { break }
        }
        let slow = Self.slowest(trace.nodes)
        var chosen = Set(failing.prefix(Self.errorBars))
        for index in slow + failing where chosen.count < Self.maximumBars { chosen.insert(index) }
        bars = chosen.sorted().map { Self.bar(trace.nodes[$0], trace.summary) }
    }

    /// Most critical time first, ties by row. One pass over the nodes, as there may be a million.
    private static func slowest(_ nodes: [TraceNode]) -> [Int] {
        var best: [(time: UInt64, index: Int)] = []
        for index in nodes.indices where nodes[index].criticalTime > 0 {
            let time = nodes[index].criticalTime
            if best.count == maximumBars, let last = best.last {
                guard time > last.time else { continue }
                best.removeLast()
            }
            let place = best.firstIndex { $0.time < time } ?? best.endIndex
            best.insert((time, index), at: place)
        }
        return best.map(\.index)
    }

    private static func bar(_ node: TraceNode, _ summary: TraceSummary) -> Bar {
        let whole = summary.duration
        let start = min(999, permille(node.start, after: summary.start, of: whole, roundingUp: false))
        let end = max(start + 1, permille(max(node.start, node.end), after: summary.start, of: whole, roundingUp: true))
        return Bar(
            offset: UInt16(start), width: UInt16(end - start), step: node.latencyStep, isError: node.isError)
    }

    /// 0 to 1000, exact for every pair of times. Without a duration everything begins with the trace and ends with it.
    private static func permille(_ time: UInt64, after start: UInt64, of whole: UInt64, roundingUp: Bool) -> Int {
        guard whole > 0 else { return roundingUp ? 1000 : 0 }
        let part = time > start ? min(time - start, whole) : 0
        let product = part.multipliedFullWidth(by: 1000)
        let (quotient, remainder) = whole.dividingFullWidth(product)
        return Int(quotient) + (roundingUp && remainder > 0 ? 1 : 0)
    }
}
