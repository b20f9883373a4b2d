import CallGraph
import HTTP
import SelfTelemetry
import Summaries
import TraceAssembly
import TraceModel
import TraceSearch

/// `/api/v1/graph` and `/api/v1/graph/diff`.
extension QueryService {
    func graph(_ parameters: QueryParameters) throws(QueryError) -> HTTPResponse {
        let limit = try parameters.integer("limit", in: 1...limits.maximumGraphRows, usual: 1000)
        let trace = parameters["trace"].flatMap { $0.isEmpty ? nil : $0 }
        if let trace {
            guard parameters["q"] == nil else {
                throw QueryError(
                    400, "invalid_parameter", "'trace' and 'q' are both given", hint: "ask for one of them")
            }
            return try graph(ofTrace: try TraceID(given: trace), limit: limit)
        }
        if parameters["q"] != nil { return try graph(ofSearch: parameters, limit: limit) }
        return try wholeGraph(parameters, limit: limit)
    }

    // MARK: Everything

    private func wholeGraph(_ parameters: QueryParameters, limit: Int) throws(QueryError) -> HTTPResponse {
        let query = try FiguresQuery(
            parameters, now: WallClock.unixNanoseconds(), maximumRows: limits.maximumGraphRows)
        var filter = query.filter
        filter.stepMinutes = 1
        var wide = filter
        // Of one service, figures of all that it has to do with are needed.
        wide.service = nil
        var history: SummaryFilter?
        if let from = filter.from, from > WholeMinutes.hour {
            var before = filter
            before.to = WholeMinutes.floor(from)
            before.from = WholeMinutes.floor(from) - WholeMinutes.hour
            history = before
            wide.from = before.from
        }
        var found: (summary: Summary, asOf: UInt64)
        do throws(QueryError) {
            found = try summary(wide, fresh: query.fresh)
        } catch {
            // The hour before may be what is too much.
            guard error.status == 422, history != nil else { throw error }
            history = nil
            wide.from = filter.from
            found = try summary(wide, fresh: query.fresh)
        }
        var header = GraphJSON.Header(asOf: found.asOf)
        (header.from, header.to) = (filter.from, filter.to)
        header.beyondBounds = found.summary.beyondBounds
        let past = history.map { CallGraph(found.summary, $0) }
        if let history, let from = history.from, let to = history.to { header.history = (from, to) }
        let graph = CallGraph(found.summary, filter)
        return .json(GraphJSON.write(graph, GraphColours(graph, history: past), header, limit: limit))
    }

    // MARK: Of traces

    private func graph(ofTrace id: TraceID, limit: Int) throws(QueryError) -> HTTPResponse {
        guard let (message, isPart) = try read(id) else { throw .notFound(id) }
        let links = LinkedServices(source, limits)
        let graph = CallGraph(try assembled(message, id)) { links.service(of: $0) }
        var header = GraphJSON.Header(asOf: WallClock.unixNanoseconds())
        header.traces = 1
        header.isComplete = !isPart
        header.unfollowedLinks = links.unfollowed
        return .json(GraphJSON.write(graph, GraphColours(graph), header, limit: limit))
    }

    private func graph(ofSearch parameters: QueryParameters, limit: Int) throws(QueryError) -> HTTPResponse {
        let started = ContinuousClock.now
        var request = try SearchRequest(
            parameters.without("limit", "cursor"), limits: limits, now: WallClock.unixNanoseconds())
        request.limit = try parameters.integer("traces", in: 1...limits.maximumFound, usual: limits.usualGraphTraces)
        let page = try search(request)
        var header = GraphJSON.Header(asOf: WallClock.unixNanoseconds())
        if request.started.lowerBound > 0 { header.from = request.started.lowerBound }
        if request.started.upperBound < .max { header.to = request.started.upperBound }
        header.isComplete = page.isComplete && !page.isTruncated
        let links = LinkedServices(source, limits)
        // The search had its time; as much again is for reading what it found.
        let deadline = started + request.bounds.time * 2
        var left = limits.maximumGraphBytes
        var graph = CallGraph()
        var traces = 0
        for found in page.traces {
            guard left > 0, ContinuousClock.now < deadline else {
                header.isComplete = false
                break
            }
            // A trace that cannot be read is no reason to hide the others.
            guard let (message, isPart) = try? source.trace(found.summary.traceID, maxBytes: left),
                let trace = try? assembled(message, found.summary.traceID)
            else {
                header.isComplete = false
                continue
            }
            left -= message.count
            if isPart { header.isComplete = false }
            graph.merge(CallGraph(trace) { links.service(of: $0) })
            traces += 1
        }
        header.traces = traces
        header.unfollowedLinks = links.unfollowed
        return .json(GraphJSON.write(graph, GraphColours(graph), header, limit: limit))
    }

    // MARK: Two times

    /// Windows are whole minutes, as figures are, so that no minute counts in both.
    func graphDiff(_ parameters: QueryParameters) throws(QueryError) -> HTTPResponse {
        let now = WallClock.unixNanoseconds()
        let limit = try parameters.integer("limit", in: 1...limits.maximumGraphRows, usual: 1000)
        let query = try FiguresQuery(
            parameters.without("from", "to", "step"), now: now, maximumRows: limits.maximumGraphRows)
        func moment(_ name: String) throws(QueryError) -> UInt64? {
            try parameters.moment(name, now: Int64(clamping: now))
        }
        let to = WholeMinutes.ceiling(try moment("to") ?? now)
        let from = WholeMinutes.floor(try moment("from") ?? to - min(to, WholeMinutes.hour))
        let beforeTo = WholeMinutes.floor(try moment("beforeTo") ?? from)
        let length = to > from ? to - from : 0
        let beforeFrom = WholeMinutes.floor(try moment("beforeFrom") ?? beforeTo - min(beforeTo, length))
        for (name, begin, end) in [("from", from, to), ("beforeFrom", beforeFrom, beforeTo)] where begin >= end {
            throw QueryError(
                400, "invalid_parameter",
                "'\(name)' does not lie a minute before the end, so there is nothing to compare",
                hint: "give times at least a minute apart: from, to, beforeFrom, beforeTo")
        }
        let (after, afterHeader) = try window(from, to, query)
        let (before, beforeHeader) = try window(beforeFrom, beforeTo, query)
        let diff = GraphDiff(
            before: GraphDiff.Window(before, nanoseconds: beforeHeader.nanoseconds ?? 0),
            after: GraphDiff.Window(after, nanoseconds: afterHeader.nanoseconds ?? 0))
        return .json(GraphJSON.write(diff, before: beforeHeader, after: afterHeader, limit: limit))
    }

    private func window(
        _ from: UInt64, _ to: UInt64, _ query: FiguresQuery
    ) throws(QueryError) -> (graph: CallGraph, header: GraphJSON.Header) {
        var filter = query.filter
        (filter.from, filter.to) = (from, to)
        var wide = filter
        wide.service = nil
        let (summary, asOf) = try summary(wide, fresh: query.fresh)
        var header = GraphJSON.Header(asOf: asOf)
        (header.from, header.to) = (from, to)
        header.beyondBounds = summary.beyondBounds
        return (CallGraph(summary, filter), header)
    }
}

/// Whole minutes of Unix nanoseconds.
enum WholeMinutes {
    static let hour: UInt64 = 3_600_000_000_000

    static func floor(_ moment: UInt64) -> UInt64 { moment - moment % SummaryMinute.nanoseconds }

    static func ceiling(_ moment: UInt64) -> UInt64 {
        let below = floor(moment)
        return below == moment || below > .max - SummaryMinute.nanoseconds ? below : below + SummaryMinute.nanoseconds
    }
}
