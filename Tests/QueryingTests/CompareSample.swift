import TraceAssembly
import TraceModel
import TraceSearch
import WireFormat

/// Slow traces of tenant 1 and fast ones of tenant 2, and two that both queries find.
enum CompareSample {
    static let slow = TraceID(high: 5, low: 1)
    static let fast = TraceID(high: 5, low: 1001)
    static let slowQuery = "tenant = 1"
    static let fastQuery = "tenant = 2"

    static func fill(_ source: MemorySource, slow: Int = 12, fast: Int = 15) {
        var (pageOfSlow, pageOfFast) = (SearchPage(), SearchPage())
        for index in 0..<UInt64(slow) {
            let id = TraceID(high: 5, low: 1 + index)
            source.add(id, trace(id, tenant: 1, lasting: 900_000_000 + index * 1_000_000, fails: index == 3))
            pageOfSlow.traces.append(found(id))
        }
        for index in 0..<UInt64(fast) {
            let id = TraceID(high: 5, low: 1001 + index)
            source.add(id, trace(id, tenant: 2, lasting: 90_000_000 + index * 1_000_000, fails: false))
            pageOfFast.traces.append(found(id))
        }
        pageOfFast.traces.append(found(TraceID(high: 5, low: 1)))
        // Found, and gone before it is read.
        pageOfFast.traces.append(found(TraceID(high: 5, low: 5000)))
        source.pages = [slowQuery: pageOfSlow, fastQuery: pageOfFast]
    }

    static func found(_ id: TraceID) -> FoundTrace {
        FoundTrace(key: TraceKey(start: 1, id: id), summary: TraceSummary(traceID: id))
    }

    private static func trace(_ id: TraceID, tenant: UInt64, lasting: UInt64, fails: Bool) -> [UInt8] {
        let start: UInt64 = 1_790_000_000_000_000_000
        return message(service: "pay") { writer in
            writer.span(1, of: id, "GET /pay/\(id.low)", start, start + lasting)
            writer.span(2, under: 1, of: id, "charge", start + 10_000_000, start + lasting - 10_000_000) { writer in
                writer.message(9) { writer in
                    writer.string(1, "tenant")
                    writer.message(2) { $0.varint(3, tenant) }
                }
                if fails { writer.message(15) { $0.varint(3, 2) } }
            }
        }
    }
}
