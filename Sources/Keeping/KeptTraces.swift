package import SegmentStore
import Synchronization
package import TraceModel
import TraceSearch

/// What rules and pins hold back from retention, in one store.
package final class KeptTraces: TraceKeeping {
    package let pins: PinBook
    private let rules: [KeepRule]
    /// What each rule's query found in this round; more than can be remembered is an error, which keeps everything.
    private let found = Mutex<[Int: Result<Set<TraceID>, KeepFailure>]>([:])
    private let limit: Int

    /// - Parameter limit: traces that one rule may hold at a time.
    package init(rules: [KeepRule], pins: PinBook, limit: Int = 2_000_000) {
        self.rules = rules
        self.pins = pins
        self.limit = limit
    }

    package func holds(at wall: UInt64) -> KeepHolds {
        let (traces, ended) = pins.held(at: wall)
        return KeepHolds(
            lengths: rules.map { $0.length.wholeNanoseconds }, hasPins: !traces.isEmpty, pinsEnded: ended)
    }

    package func beginRound() { found.withLock { $0 = [:] } }
    package func endRound() { found.withLock { $0 = [:] } }

    package func keptTraces(
        in view: SegmentView, age: UInt64, wall: UInt64, _ reader: StoreReader
    ) throws -> Set<TraceID> {
        var kept = pins.held(at: wall).traces.filter { !view.frames(of: $0).isEmpty }
        for (index, rule) in rules.enumerated() where rule.length.wholeNanoseconds >= age {
            let traces = try found.withLock { found in
                if let known = found[index] { return known }
                let result = Result { () throws(KeepFailure) in try search(rule, reader) }
                found[index] = result
                return result
            }.get()
            for trace in traces where !view.frames(of: trace).isEmpty { kept.insert(trace) }
        }
        return kept
    }

    /// All traces that the rule holds. What is only possible counts: what is missing may still come.
    private func search(_ rule: KeepRule, _ reader: StoreReader) throws(KeepFailure) -> Set<TraceID> {
        var traces: Set<TraceID> = []
        var request = SearchRequest(rule.expression)
        request.limit = 1_000
        request.bounds.time = .seconds(3600)
        request.bounds.bytes = .max
        while true {
            let page: SearchPage
            do {
                page = try TraceSearch(
                    request, reader.again(before: reader.end), clock: { StoreClock.system.monotonic() }
                ).run()
            } catch { throw KeepFailure(description: "\(error)") }
            for trace in page.traces { traces.insert(trace.key.id) }
            guard traces.count <= limit else {
                throw KeepFailure(description: "'\(rule.query)' holds more than \(limit) traces")
            }
            guard let cursor = page.cursor else {
                guard page.isComplete else { throw KeepFailure(description: "'\(rule.query)' takes too long to find") }
                return traces
            }
            request.cursor = cursor
        }
    }
}

package struct KeepFailure: Error, CustomStringConvertible {
    package let description: String
}

extension Duration {
    /// Of at most ten years.
    fileprivate var wholeNanoseconds: UInt64 {
        UInt64(clamping: components.seconds) &* 1_000_000_000 + UInt64(clamping: components.attoseconds / 1_000_000_000)
    }
}
