import OTLP
import QueryLanguage
import TraceAssembly
import TraceComparison
import TraceModel
import TraceSearch

/// One side of a comparison: the traces that a query finds, gathered into a digest one by one.
struct ComparedPopulation {
    private(set) var digest = PopulationDigest()
    let query: String
    /// False when a bound ended the search or the reading, so that there are more traces than were looked at, for another
    /// reason than `limit`.
    private(set) var isComplete = true
    /// Why not.
    private(set) var stopped: String?
    /// There are more than were asked for.
    private(set) var isTruncated = false
    /// Traces that cannot be read, or that came only in part.
    private(set) var unreadable = 0
    /// Traces that were left out because the other population has them.
    private(set) var shared = 0
    private(set) var traces: Set<TraceID> = []

    private static let maximumPage = 1000

    /// How much may be read.
    struct Bounds {
        var bytes: Int
        var traceBytes: Int
        var deadline: ContinuousClock.Instant
    }

    /// - Parameter others: traces that are in the other population already; they tell nothing of a difference and are left out.
    init(
        _ request: SearchRequest, in source: any TraceSource, _ bounds: Bounds, except others: Set<TraceID> = []
    ) throws {
        query = request.expression.description
        let clock = ContinuousClock()
        var request = request
        var left = bounds.bytes
        let limit = request.limit
        while true {
            let time = clock.now.duration(to: bounds.deadline)
            guard time > .zero else {
                stop("time")
                return
            }
            request.bounds.time = time
            // Room for those that are left out.
            request.limit = min(limit + others.count, Self.maximumPage)
            let page = try source.search(request)
            for found in page.traces where found.unknownBecause == nil {
                let id = found.summary.traceID
                guard !others.contains(id) else {
                    shared += 1
                    continue
                }
                guard digest.traceCount < limit else {
                    isTruncated = true
                    break
                }
                guard traces.insert(id).inserted else { continue }
                guard clock.now < bounds.deadline else {
                    stop("time")
                    return
                }
                guard left > 0 else {
                    stop("bytes")
                    return
                }
                // A trace that cannot be read is no reason to hide the others.
                guard let (message, isPart) = try? source.trace(id, maxBytes: min(left, bounds.traceBytes)),
                    let spans = try? decodeSpans(message.span)
                else {
                    unreadable += 1
                    continue
                }
                left -= message.count
                if isPart { unreadable += 1 } else { digest.add(assemble(spans, as: id)) }
            }
            guard page.isComplete else {
                stop(page.stopped?.rawValue ?? "time")
                return
            }
            guard digest.traceCount < limit, let cursor = page.cursor, page.isTruncated else {
                isTruncated = isTruncated || page.isTruncated
                return
            }
            request.cursor = cursor
        }
    }

    private mutating func stop(_ reason: String) {
        isComplete = false
        stopped = reason
    }
}
