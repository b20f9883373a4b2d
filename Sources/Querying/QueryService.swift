package import HTTP
import OTLP
import SelfTelemetry
import Summaries
import TraceAssembly
import TraceModel
import TraceSearch
import WireFormat

/// The collector's read API: a request's head goes in, the answer comes out. Keeps nothing between requests but what the
/// list of recent traces said last, so that a list asked for again and again assembles new traces alone. One thread at a
/// time may use it.
///
/// `HEAD` gets the answer of `GET`; the server leaves the body out.
package struct QueryService {
    let source: any TraceSource
    let limits: QueryLimits
    let shelf: TraceShelf
    private let version: String
    private let digests = RecentDigests()

    /// - Parameters:
    ///   - shelf: for all services that read the same source.
    ///   - version: of the program, for `/api/v1/ledger`.
    package init(
        source: any TraceSource, shelf: TraceShelf = TraceShelf(), limits: QueryLimits = QueryLimits(),
        version: String = ""
    ) {
        self.source = source
        self.shelf = shelf
        self.version = version
        self.limits = limits
    }

    /// Whether the path belongs to this API, known or not.
    package static func owns(path: String) -> Bool { path == "/api" || path.hasPrefix("/api/") }

    package func respond(to head: RequestHead) -> HTTPResponse {
        let erasures = source.erasures()
        digests.forget(after: erasures)
        shelf.forget(after: erasures)
        do throws(QueryError) {
            return try answer(head)
        } catch {
            return error.response
        }
    }

    private enum Route {
        case trace(String)
        case tracePart(String, TracePart)
        case search
        case attributes(String?)
        case red
        case graph
        case graphDiff
        case services
        case compare
        case recent
        case ledger
        case explain(String)

        static let readMethods = ["GET", "HEAD"]

        init?(path: String) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            guard parts.prefix(2) == ["api", "v1"] else { return nil }
            let rest = Array(parts.dropFirst(2))
            switch rest.first {
            case "traces" where rest.count == 2 && !rest[1].isEmpty: self = .trace(String(rest[1]))
            case "traces" where rest.count > 2:
                guard let part = TracePart(rest[2...].map { String($0) }[...]) else { return nil }
                self = .tracePart(String(rest[1]), part)
            case "search" where rest.count == 1: self = .search
            case "attributes" where rest.count == 1: self = .attributes(nil)
            case "attributes" where rest.count == 2 && !rest[1].isEmpty: self = .attributes(String(rest[1]))
            case "red" where rest.count == 1: self = .red
            case "graph" where rest.count == 1: self = .graph
            case "graph" where rest.count == 2 && rest[1] == "diff": self = .graphDiff
            case "services" where rest.count == 1: self = .services
            case "compare" where rest.count == 1: self = .compare
            case "recent" where rest.count == 1: self = .recent
            case "ledger" where rest.count == 1: self = .ledger
            case "explain" where rest.count == 2 && !rest[1].isEmpty: self = .explain(String(rest[1]))
            default: return nil
            }
        }
    }

    private func answer(_ head: RequestHead) throws(QueryError) -> HTTPResponse {
        guard let route = Route(path: head.path) else {
            throw QueryError(
                404, "unknown_path", "there is nothing at '\(shortened(head.path))'",
                hint:
                    "the paths are /api/v1/traces/{id}, /api/v1/search, /api/v1/tail, /api/v1/attributes, /api/v1/red,"
                    + " /api/v1/graph, /api/v1/graph/diff, /api/v1/services, /api/v1/compare, /api/v1/recent, "
                    + "/api/v1/ledger and "
                    + "/api/v1/explain/{id}")
        }
        guard Route.readMethods.contains(head.method) else {
            throw QueryError(
                405, "method_not_allowed", "'\(shortened(head.method))' is not possible at '\(shortened(head.path))'",
                hint: "use GET", allow: Route.readMethods.joined(separator: ", "))
        }
        let parameters = QueryParameters(head.query)
        switch route {
        case .trace(let text): return try trace(TraceID(given: text), parameters, head)
        case .tracePart(let text, let part): return try answer(part, of: TraceID(given: text), parameters)
        case .search: return try search(parameters)
        case .attributes(let key):
            let limit = try parameters.integer("limit", in: 1...2000, usual: 100)
            do {
                return .json(
                    AttributesJSON.write(
                        try source.attributes(), prefix: parameters["prefix"] ?? "",
                        key: key.map { QueryString.decode($0, plusIsSpace: false) }, limit: limit))
            } catch {
                throw QueryError(
                    500, "store_failed", "the newest spans could not be read: \(error)",
                    hint: "the collector's log says more")
            }
        case .red:
            return try figures(parameters) { query, summary, header in
                FiguresJSON.red(summary, query.filter, header, limit: query.limit)
            }
        case .graph: return try graph(parameters)
        case .graphDiff: return try graphDiff(parameters)
        case .services: return .json(ServicesJSON.write(source.serviceUsage()))
        case .compare: return try compare(parameters)
        case .recent:
            let limit = try parameters.integer("limit", in: 1...limits.maximumRecent, usual: limits.usualRecent)
            return recent(limit)
        case .ledger:
            let time = WallClock.unixNanoseconds()
            return .json(LedgerJSON.write(source.ledger(), source.newestRefusals(), version: version, at: time))
        case .explain(let text): return try explain(GivenID(text))
        }
    }

    // MARK: One trace

    private func trace(
        _ id: TraceID, _ parameters: QueryParameters, _ head: RequestHead
    ) throws(QueryError) -> HTTPResponse {
        let format = parameters["format"] ?? "tree"
        guard ["tree", "otlp", "html"].contains(format) else {
            throw QueryError(
                400, "invalid_parameter", "'format' is '\(shortened(format))'",
                hint: "use format=otlp for the spans as they came, format=html for a page, or leave it out for the tree"
            )
        }
        let offset = try parameters.integer("offset", in: 0...Int(Int32.max), usual: 0)
        let limit = try parameters.integer("limit", in: 1...limits.maximumNodes, usual: limits.maximumNodes)
        guard let (message, isTruncated) = try read(id) else {
            throw .notFound(id)
        }
        if format == "otlp" {
            var response = try otlp(message, id, head)
            if isTruncated { response.headers.add("x-hms-truncated", "true") }
            return response
        }
        let trace = try assembled(message, id)
        let now = WallClock.unixNanoseconds()
        let view = try? TraceViewReader(source: source, shelf: shelf).view(of: id, now: now)
        if format == "html" { return .report(on: trace, view, isTruncated: isTruncated, version: version) }
        return .json(
            TraceJSON.write(trace, view, window: offset..<offset + limit, isTruncated: isTruncated, now: now))
    }

    func read(_ id: TraceID) throws(QueryError) -> (message: [UInt8], isTruncated: Bool)? {
        do {
            return try source.trace(id, maxBytes: limits.maximumTraceBytes)
        } catch {
            throw QueryError(
                500, "store_failed", "the spans of trace \(id) could not be read: \(error)",
                hint: "the collector's log says more; other traces may still be readable")
        }
    }

    func assembled(_ message: [UInt8], _ id: TraceID) throws(QueryError) -> AssembledTrace {
        do throws(WireError) {
            return assemble(try decodeSpans(message.span), as: id)
        } catch {
            throw undecodable(id, error)
        }
    }

    private func otlp(_ message: [UInt8], _ id: TraceID, _ head: RequestHead) throws(QueryError) -> HTTPResponse {
        if Self.prefersProtobuf(head.headers.values("accept")) {
            return varying(.bytes(message, type: "application/x-protobuf"))
        }
        do throws(WireError) {
            return varying(.json(try OTLPJSON.json(fromProtobuf: message.span, kind: .traces)))
        } catch {
            throw undecodable(id, error)
        }
    }

    private func varying(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers.add("vary", "accept")
        return response
    }

    private func undecodable(_ id: TraceID, _ error: WireError) -> QueryError {
        QueryError(
            500, "undecodable", "the stored spans of trace \(id) cannot be read: \(error)",
            hint: "ask for format=otlp with 'Accept: application/x-protobuf' to get the bytes as they are")
    }

    /// Whether protobuf is named, and JSON is not named before it.
    private static func prefersProtobuf(_ accept: [String]) -> Bool {
        for type in accept.joined(separator: ",").split(separator: ",") {
            let name = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
            if name == "application/x-protobuf" || name == "application/protobuf" { return true }
            if name == "application/json" { return false }
        }
        return false
    }

    // MARK: Traces by what is in them

    private func search(_ parameters: QueryParameters) throws(QueryError) -> HTTPResponse {
        let request = try SearchRequest(parameters, limits: limits, now: WallClock.unixNanoseconds())
        return .json(SearchJSON.write(try search(request), request))
    }

    func search(_ request: SearchRequest) throws(QueryError) -> SearchPage {
        do {
            return try source.search(request)
        } catch is TraceSearch.Failure {
            throw .foreignCursor
        } catch {
            throw QueryError(
                500, "store_failed", "the search could not read what is stored: \(error)",
                hint: "the collector's log says more; traces may still be readable by id")
        }
    }

    // MARK: Figures

    private func figures(
        _ parameters: QueryParameters, _ write: (FiguresQuery, Summary, FiguresJSON.Header) -> [UInt8]
    ) throws(QueryError) -> HTTPResponse {
        let query = try FiguresQuery(parameters, now: WallClock.unixNanoseconds())
        let (summary, asOf) = try summary(query.filter, fresh: query.fresh)
        return .json(write(query, summary, FiguresJSON.Header(asOf: asOf)))
    }

    func summary(_ filter: SummaryFilter, fresh: Bool) throws(QueryError) -> (summary: Summary, asOf: UInt64) {
        do {
            return try source.figures(filter, fresh: fresh)
        } catch let error as SummaryError {
            throw QueryError(
                422, "too_many_figures", "\(error)", hint: "ask for a shorter time, for one service, or a larger step")
        } catch {
            throw QueryError(
                500, "store_failed", "the figures could not be read: \(error)", hint: "the collector's log says more")
        }
    }

    // MARK: Where one trace or span is

    private func explain(_ id: GivenID) throws(QueryError) -> HTTPResponse {
        let explanation: Explanation
        do {
            explanation = try Explanation(of: id, in: source, maxBytes: limits.maximumSearchBytes)
        } catch {
            throw QueryError(
                500, "store_failed", "what is stored of \(id.text) could not be read: \(error)",
                hint: "the collector's log says more; other traces may still be readable")
        }
        return .json(ExplanationJSON.write(explanation))
    }

    // MARK: Recent traces

    /// The newest traces, read until `limit` are there or the work allowed is done: `truncated` tells the second.
    private func recent(_ limit: Int) -> HTTPResponse {
        var left = limits.maximumRecentBytes
        var summaries: [RecentTrace] = []
        var isTruncated = false
        for id in source.recentTraces(limit: limit) {
            guard left > 0 else {
                isTruncated = true
                break
            }
            // A trace that cannot be read is no reason to hide the others; asking for it by id tells what is wrong.
            guard let (message, isPart) = try? source.trace(id, maxBytes: left) else { continue }
            left -= message.count
            if isPart { isTruncated = true }
            if !isPart, let known = digests.find(id, size: message.count) {
                summaries.append(known)
            } else if let trace = try? assembled(message, id), trace.summary.spanCount > 0 {
                let digest = RecentTrace(trace, isTruncated: isPart)
                summaries.append(isPart ? digest : digests.keep(digest, size: message.count))
            }
        }
        return .json(RecentJSON.write(summaries, isTruncated: isTruncated))
    }
}

/// How much work one request may cause.
package struct QueryLimits: Sendable {
    /// Nodes of one trace in one answer; the others are asked for with `offset`.
    package var maximumNodes = 200_000
    package var usualRecent = 50
    package var maximumRecent = 500
    /// Bytes of stored spans after which the reading of one trace ends. What was begun is finished, so it may be a little
    /// more.
    package var maximumTraceBytes = 256 << 20
    /// The same for all traces of one list of recent ones together.
    package var maximumRecentBytes = 16 << 20
    /// Content of records that the search for one span id reads.
    package var maximumSearchBytes = 1 << 30
    /// The same for all traces of one graph together, and for the traces that links lead to.
    package var maximumGraphBytes = 128 << 20
    package var maximumLinkedBytes = 16 << 20
    package var maximumLinkedTraces = 64
    /// Traces that one graph is made of.
    package var usualGraphTraces = 200
    /// Nodes of a graph, and edges.
    package var maximumGraphRows = 100_000
    /// Traces in one answer of a search.
    package var usualFound = 20
    package var maximumFound = 1000
    package var usualSearchMilliseconds = 5000
    package var maximumSearchMilliseconds = 60_000
    /// Traces of each of two populations that are compared, and bytes of spans that are read for both.
    package var usualCompared = 200
    package var maximumCompared = 500
    package var maximumComparedBytes = 256 << 20
    package var usualCompareMilliseconds = 10_000

    package init() {}
}
