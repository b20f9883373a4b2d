import HTTP
import SelfTelemetry
import TraceAssembly
import TraceComparison
import TraceModel
import TraceSearch

extension QueryService {
    /// Two traces laid side by side, or what one population of traces has that the other has not.
    func compare(_ parameters: QueryParameters) throws(QueryError) -> HTTPResponse {
        switch try CompareQuery(parameters) {
        case .traces(let a, let b):
            let (first, isPartOfA) = try comparedTrace(a)
            let (second, isPartOfB) = try comparedTrace(b)
            let rows = try parameters.integer("limit", in: 1...20_000, usual: 2000)
            let difference = TraceComparison.compare(first, with: second, maximumRows: rows)
            return .json(
                CompareJSON.write(difference, first.summary, second.summary, isPart: isPartOfA || isPartOfB))
        case .populations(let a, let b):
            return try comparePopulations(a, b, parameters)
        }
    }

    private func comparedTrace(_ id: TraceID) throws(QueryError) -> (AssembledTrace, isPart: Bool) {
        guard let (message, isTruncated) = try read(id) else {
            throw QueryError(
                404, "trace_not_found", "no span of trace \(id) is stored here",
                hint:
                    "it may still be on its way (try again in a few seconds), not sampled, or older than 'store.retention'"
            )
        }
        return (try assembled(message, id), isTruncated)
    }

    private func comparePopulations(
        _ a: String, _ b: String, _ parameters: QueryParameters
    ) throws(QueryError) -> HTTPResponse {
        let now = WallClock.unixNanoseconds()
        let limit = try parameters.integer("limit", in: 1...limits.maximumCompared, usual: limits.usualCompared)
        let milliseconds = try parameters.integer(
            "timeout_ms", in: 1...limits.maximumSearchMilliseconds, usual: limits.usualCompareMilliseconds)
        var requests: [SearchRequest] = []
        for query in [a, b] {
            var request = try SearchRequest(query, parameters, now: now)
            request.limit = limit
            requests.append(request)
        }
        // Each has half of the time, so that neither is compared with nothing.
        let start = ContinuousClock.now
        var populations: [ComparedPopulation] = []
        for (index, request) in requests.enumerated() {
            let bounds = ComparedPopulation.Bounds(
                bytes: limits.maximumComparedBytes / 2, traceBytes: limits.maximumComparedBytes / 8,
                deadline: start + .milliseconds(milliseconds * (index + 1) / 2))
            do {
                populations.append(
                    try ComparedPopulation(
                        request, in: source, bounds, except: populations.first?.traces ?? []))
            } catch {
                throw QueryError(
                    500, "store_failed", "the search could not read what is stored: \(error)",
                    hint: "the collector's log says more; traces may still be readable by id")
            }
        }
        let comparison = PopulationComparison(of: populations[0].digest, against: populations[1].digest)
        return .json(CompareJSON.write(comparison, populations[0], populations[1]))
    }
}
