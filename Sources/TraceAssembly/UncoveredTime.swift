/// Time of a trace in which no span of it ran, such as the wait of a message in a queue, or what was never instrumented.
package enum UncoveredTime {
    /// How much of `traceStart..<traceEnd` lies in no span. Placeholders cover nothing. One entry for each node in
    /// depth-first order in every column; takes n steps, and n log n for those nodes that reach out of their parents.
    package static func total(
        parent: [Int32], start: [UInt64], end: [UInt64], isMissing: [Bool], from traceStart: UInt64, to traceEnd: UInt64
    ) -> UInt64 {
        guard traceStart < traceEnd else { return 0 }
        var reaching: [Int] = []
        for node in parent.indices where !isMissing[node] && end[node] > start[node] {
            if parent[node] >= 0 {
                let above = Int(parent[node])
                // What lies within a span above adds nothing to it.
                if !isMissing[above], start[above] <= start[node], end[node] <= end[above] { continue }
            }
            reaching.append(node)
        }
        var uncovered: UInt64 = 0
        var reach = traceStart
        for place in placesSorted(by: reaching.map { start[$0] }) {
            let node = reaching[Int(place)]
            guard end[node] > reach else { continue }
            if start[node] >= traceEnd { break }
            if start[node] > reach { uncovered += start[node] - reach }
            reach = end[node]
        }
        return reach < traceEnd ? uncovered + (traceEnd - reach) : uncovered
    }
}
