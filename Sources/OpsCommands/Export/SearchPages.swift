package import JSON
package import TraceModel

/// A page of a search, as `GET /api/v1/search` answers it.
package struct SearchPage: Sendable, Equatable {
    package var traces: [TraceID]
    /// Asks for the next page; nil after the last.
    package var cursor: String?
    /// False where the search gave up before it had seen everything.
    package var isComplete: Bool

    package init(traces: [TraceID], cursor: String?, isComplete: Bool = true) {
        self.traces = traces
        self.cursor = cursor
        self.isComplete = isComplete
    }

    /// Nil for JSON of another shape.
    package init?(_ json: JSONValue) {
        guard let list = json["traces"]?.array else { return nil }
        var traces: [TraceID] = []
        for entry in list {
            guard let text = entry["traceId"]?.string ?? entry.string, let id = TraceID(hex: text) else { return nil }
            traces.append(id)
        }
        self.traces = traces
        let cursor = json["cursor"]?.string ?? ""
        self.cursor = cursor.isEmpty ? nil : cursor
        isComplete = json["complete"]?.bool ?? true
    }
}

/// What is searched for, and the requests that ask for it.
package struct SearchRequest: Sendable, Equatable {
    package var query: String
    package var from: String?
    package var to: String?
    package static let pageSize = 200

    package init(query: String, from: String? = nil, to: String? = nil) {
        self.query = query
        self.from = from
        self.to = to
    }

    package func path(cursor: String?) -> String {
        var path = "/api/v1/search?limit=\(Self.pageSize)&q=\(percentEncoded(query))"
        if let from { path += "&from=\(percentEncoded(from))" }
        if let to { path += "&to=\(percentEncoded(to))" }
        if let cursor { path += "&cursor=\(percentEncoded(cursor))" }
        return path
    }
}
