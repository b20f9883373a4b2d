package import HTTP
import JSON
import OTLP
import TraceAssembly
import TraceModel

/// Jaeger's query API: a request's head goes in, the answer comes out. Keeps nothing between requests.
///
/// `HEAD` gets the answer of `GET`; the server leaves the body out.
package struct JaegerService {
    private let source: any JaegerSource
    private let limits: JaegerLimits
    private let now: () -> UInt64

    /// - Parameter now: Unix nanoseconds, for requests that name no end.
    package init(source: any JaegerSource, limits: JaegerLimits = JaegerLimits(), now: @escaping () -> UInt64) {
        self.source = source
        self.limits = limits
        self.now = now
    }

    /// Whether the path belongs to this API, known or not.
    package static func owns(path: String) -> Bool {
        ["/api/traces", "/api/services", "/api/operations", "/api/dependencies"].contains {
            path == $0 || path.hasPrefix($0 + "/")
        }
    }

    package func respond(to head: RequestHead) -> HTTPResponse {
        do throws(JaegerError) {
            return try answer(head)
        } catch {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("data")
            writer.null()
            writer.jaegerEnvelopeEnd(total: 0, errors: [error])
            var response = HTTPResponse.jaegerJSON(writer.bytes, status: error.code)
            if let allow = error.allow { response.headers.add("allow", allow) }
            return response
        }
    }

    private enum Route {
        case search
        case trace(String)
        case services
        /// The path's service as it stands, escapes unresolved.
        case operationNames(String)
        case operations
        case dependencies

        init?(path: String) {
            switch path {
            case "/api/traces": self = .search
            case "/api/services": self = .services
            case "/api/operations": self = .operations
            case "/api/dependencies": self = .dependencies
            default:
                if let id = Self.middle(of: path, "/api/traces/", "") {
                    self = .trace(id)
                } else if let service = Self.middle(of: path, "/api/services/", "/operations") {
                    // A service's name may hold slashes, and some clients do not escape them.
                    self = .operationNames(service)
                } else {
                    return nil
                }
            }
        }

        private static func middle(of path: String, _ prefix: String, _ suffix: String) -> String? {
            guard path.hasPrefix(prefix), path.hasSuffix(suffix),
                path.utf8.count > prefix.utf8.count + suffix.utf8.count
            else { return nil }
            return String(path.dropFirst(prefix.count).dropLast(suffix.count))
        }
    }

    private func answer(_ head: RequestHead) throws(JaegerError) -> HTTPResponse {
        guard let route = Route(path: head.path) else {
            throw JaegerError(404, "there is nothing at '\(shortened(head.path))'")
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            throw JaegerError(405, "'\(shortened(head.method))' is not possible here; use GET", allow: "GET, HEAD")
        }
        let parameters = try JaegerParameters(head.query, limits: limits, now: now())
        switch route {
        case .search: return try search(parameters)
        case .trace(let text): return try trace(text, parameters)
        case .services:
            let names = Set(source.jaegerServices()).subtracting([""]).sorted()
            return list(names, parameters) { $0.string($1) }
        case .operationNames(let text): return operationNames(of: text, parameters)
        case .operations: return try operations(parameters)
        case .dependencies: return try dependencies(parameters)
        }
    }

    // MARK: Traces

    private func trace(_ text: String, _ parameters: JaegerParameters) throws(JaegerError) -> HTTPResponse {
        let text = QueryString.decode(text, plusIsSpace: false)
        guard let id = JaegerID.parse(text) else {
            throw JaegerError(400, "'\(shortened(text))' is not a trace ID: give up to 32 hexadecimal digits")
        }
        try parameters.checkTraceHints()
        guard let trace = try read(id) else { throw JaegerError(404, "trace not found") }
        var json = JaegerJSON(pretty: parameters.isPretty, maximumBytes: limits.maximumAnswerBytes)
        json.add(trace)
        return .jaegerJSON(json.finish())
    }

    private func search(_ parameters: JaegerParameters) throws(JaegerError) -> HTTPResponse {
        let search = try parameters.search()
        var json = JaegerJSON(pretty: parameters.isPretty, maximumBytes: limits.maximumAnswerBytes)
        if search.traceIDs.isEmpty {
            let traces = try find(search)
            for trace in traces { json.add(trace) }
            if search.isLimitLowered, traces.count == search.limit {
                json.remark(JaegerError(0, "there may be more: at most \(search.limit) traces are given at once"))
            }
        } else {
            for id in search.traceIDs {
                // What has no room is not read; that it exists is not claimed.
                if json.isFull {
                    json.remark(JaegerError(0, "not read: the answer is full; ask for fewer at once", traceID: id))
                } else if let trace = try read(id) {
                    json.add(trace)
                } else {
                    json.remark(JaegerError(0, "trace not found", traceID: id))
                }
            }
        }
        return .jaegerJSON(json.finish())
    }

    private func read(_ id: TraceID) throws(JaegerError) -> AssembledTrace? {
        do {
            guard !id.isZero, let trace = try source.jaegerTrace(id), trace.summary.spanCount > 0 else { return nil }
            return trace
        } catch {
            throw JaegerError(500, "the spans of trace \(id) could not be read: \(error)")
        }
    }

    private func find(_ search: JaegerSearch) throws(JaegerError) -> [AssembledTrace] {
        guard search.from <= search.to else { return [] }
        do {
            let traces = try source.jaegerSearch(
                search.query, from: search.from, to: search.to, limit: search.limit)
            return Array(traces.prefix(search.limit))
        } catch {
            throw JaegerError(500, "the search failed: \(error)")
        }
    }

    // MARK: Lists

    private func operationNames(of text: String, _ parameters: JaegerParameters) -> HTTPResponse {
        var service = QueryString.decode(text, plusIsSpace: false)
        // Jaeger resolves escapes twice, and some clients escape twice for it.
        if service.utf8.contains(UInt8(ascii: "%")), !source.jaegerServices().contains(service) {
            service = QueryString.decode(service)
        }
        let names = Set(source.jaegerOperations(of: service, kind: nil).map(\.name)).sorted()
        return list(names, parameters) { $0.string($1) }
    }

    private func operations(_ parameters: JaegerParameters) throws(JaegerError) -> HTTPResponse {
        let (service, kind) = try parameters.operations()
        let operations = source.jaegerOperations(of: service, kind: kind)
        return list(operations, parameters) { writer, operation in
            writer.object { writer in
                writer.member("name", operation.name)
                writer.member("spanKind", operation.kind == .unspecified ? "" : operation.kind.description)
            }
        }
    }

    private func dependencies(_ parameters: JaegerParameters) throws(JaegerError) -> HTTPResponse {
        struct Edge: Hashable, Comparable {
            let parent: String
            let child: String
            static func < (left: Edge, right: Edge) -> Bool { (left.parent, left.child) < (right.parent, right.child) }
        }
        let (from, to, service) = try parameters.dependencies()
        var calls: [Edge: UInt64] = [:]
        for edge in source.jaegerDependencies(from: from, to: to) {
            if let service, edge.parent != service, edge.child != service { continue }
            let sum = calls[Edge(parent: edge.parent, child: edge.child), default: 0].addingReportingOverflow(
                edge.calls)
            calls[Edge(parent: edge.parent, child: edge.child)] = sum.overflow ? .max : sum.partialValue
        }
        return list(calls.sorted { $0.key < $1.key }, parameters, hasTotal: false) { writer, edge in
            writer.object { writer in
                writer.member("parent", edge.key.parent)
                writer.member("child", edge.key.child)
                writer.member("callCount", edge.value)
            }
        }
    }

    /// `total` counts the elements, where Jaeger has it so; elsewhere it is 0.
    private func list<Element>(
        _ elements: [Element], _ parameters: JaegerParameters, hasTotal: Bool = true,
        _ write: (inout JSONWriter, Element) -> Void
    ) -> HTTPResponse {
        var writer = JSONWriter(pretty: parameters.isPretty)
        writer.beginObject()
        writer.key("data")
        writer.array { writer in
            for element in elements { write(&writer, element) }
        }
        writer.jaegerEnvelopeEnd(total: hasTotal ? elements.count : 0, errors: [])
        return .jaegerJSON(writer.bytes)
    }
}

extension HTTPResponse {
    /// JSON that a browser neither keeps nor takes for anything else.
    fileprivate static func jaegerJSON(_ body: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: HTTPHeaders([
                ("content-type", "application/json"), ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
            ]),
            body: body)
    }
}
