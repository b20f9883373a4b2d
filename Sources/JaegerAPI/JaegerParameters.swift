import HTTP
import OTLP
import TraceModel

/// The parameters of one request, checked as they are asked for. Times are Unix nanoseconds.
struct JaegerParameters {
    private let query: QueryString
    private let limits: JaegerLimits
    private let now: UInt64

    init(_ text: String, limits: JaegerLimits, now: UInt64) throws(JaegerError) {
        query = QueryString(text, maximumPairs: limits.maximumParameters)
        self.limits = limits
        self.now = now
        guard !query.isCut else {
            throw JaegerError(400, "there are more than \(limits.maximumParameters) parameters; ask for less at once")
        }
    }

    /// Nil when it is missing or empty, which Jaeger takes for the same.
    private func text(_ name: String) -> String? {
        guard let text = query[name], !text.isEmpty else { return nil }
        return text
    }

    // MARK: /api/traces

    func search() throws(JaegerError) -> JaegerSearch {
        let window = try window()
        var search = JaegerSearch(
            traceIDs: try traceIDs(), query: "", from: window.from, to: window.to, limit: try limit())
        search.isLimitLowered = search.limit > limits.maximumTraces
        search.limit = min(search.limit, limits.maximumTraces)
        try checkFlag("raw")
        search.query = try queryText()
        guard search.query.utf8.count <= limits.maximumQueryBytes else {
            throw JaegerError(
                400, "service, operation and tags make a query of more than \(limits.maximumQueryBytes) bytes")
        }
        return search
    }

    private func queryText() throws(JaegerError) -> String {
        var query = QueryText()
        if let service = text("service") { query.service(service) }
        if let operation = text("operation") { query.operation(operation) }
        let minimum = try duration("minDuration")
        let maximum = try duration("maxDuration")
        if let minimum, let maximum, minimum > 0, maximum > 0, maximum < minimum {
            throw JaegerError(400, "'maxDuration' should be greater than 'minDuration'")
        }
        if let minimum, minimum > 0 { query.minimumDuration(minimum) }
        if let maximum, maximum > 0 { query.maximumDuration(maximum) }
        let tags = try JaegerTags.parse(
            pairs: self.query.values("tag"), json: self.query.values("tags").filter { !$0.isEmpty },
            maximum: limits.maximumTags)
        for tag in tags { query.tag(tag.key, tag.value) }
        return query.text
    }

    private func traceIDs() throws(JaegerError) -> [TraceID] {
        var ids: [TraceID] = []
        for text in query.values("traceID") {
            guard let id = JaegerID.parse(text) else {
                throw JaegerError(
                    400, "cannot parse traceID param: '\(shortened(text))' is not 1 to 32 hexadecimal digits")
            }
            if !ids.contains(id) { ids.append(id) }
            guard ids.count <= limits.maximumTraceIDs else {
                throw JaegerError(400, "there are more than \(limits.maximumTraceIDs) values of 'traceID'")
            }
        }
        return ids
    }

    private func limit() throws(JaegerError) -> Int {
        guard let text = text("limit") else { return limits.usualTraces }
        guard let value = Int32(text), value > 0 else {
            throw .unparsable("limit", "'\(shortened(text))' is not a whole number of 1 or more")
        }
        return Int(value)
    }

    /// `start` and `end` in microseconds; without a start, what `lookback` says before the end. Consoles send
    /// `lookback=custom` beside both times.
    private func window() throws(JaegerError) -> (from: UInt64, to: UInt64) {
        let to = try time("end", unit: 1000) ?? now
        var lookback = limits.usualLookback
        if let text = text("lookback"), text != "custom" {
            guard let given = GoDuration.nanoseconds(text, allowsDays: true) else {
                throw .unparsable("lookback", "'\(shortened(text))' is not a duration such as 1h, 2d or 'custom'")
            }
            lookback = given
        }
        return (try time("start", unit: 1000) ?? to - min(lookback, to), to)
    }

    /// What a request for one trace may say besides its id: accepted and without effect, since a trace is found wherever it
    /// lies in time and its times are never adjusted.
    func checkTraceHints() throws(JaegerError) {
        _ = try time("start", unit: 1000)
        _ = try time("end", unit: 1000)
        try checkFlag("raw")
    }

    // MARK: /api/operations

    func operations() throws(JaegerError) -> (service: String, kind: SpanKind?) {
        guard let service = text("service") else { throw JaegerError(400, "parameter 'service' is required") }
        guard let word = text("spanKind") else { return (service, nil) }
        guard let kind = SpanKind.allCases.first(where: { $0.description == word.lowercased() }) else {
            let words = SpanKind.allCases.map(\.description).joined(separator: ", ")
            throw .unparsable("spanKind", "'\(shortened(word))' is none of \(words)")
        }
        return (service, kind)
    }

    // MARK: /api/dependencies

    /// `endTs` and `lookback` in milliseconds.
    func dependencies() throws(JaegerError) -> (from: UInt64, to: UInt64, service: String?) {
        let to = try time("endTs", unit: 1_000_000) ?? now
        let lookback = try time("lookback", unit: 1_000_000) ?? limits.usualDependencyLookback
        return (to - min(lookback, to), to, text("service"))
    }

    // MARK: Any

    /// Whether the answer is to be laid out for a reader.
    var isPretty: Bool { text("prettyPrint").map { $0 != "false" } ?? false }

    /// A whole number of units as nanoseconds: before 1970 is 0, what 64 bits cannot hold the greatest.
    private func time(_ name: String, unit: UInt64) throws(JaegerError) -> UInt64? {
        guard let text = text(name) else { return nil }
        guard let value = Int64(text) else {
            throw .unparsable(
                name, "'\(shortened(text))' is not a whole number of \(unit == 1000 ? "micro" : "milli")seconds")
        }
        let (time, overflow) = UInt64(max(0, value)).multipliedReportingOverflow(by: unit)
        return overflow ? .max : time
    }

    private func duration(_ name: String) throws(JaegerError) -> UInt64? {
        guard let text = text(name) else { return nil }
        guard let duration = GoDuration.nanoseconds(text) else {
            throw .unparsable(name, "'\(shortened(text))' is not a duration such as 1.5s, 100ms or 1h30m")
        }
        return duration
    }

    private func checkFlag(_ name: String) throws(JaegerError) {
        guard let text = text(name) else { return }
        guard ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"].contains(text) else {
            throw .unparsable(name, "'\(shortened(text))' is neither true nor false")
        }
    }
}

/// What `/api/traces` asks for: the traces of the ids, or where there are none those that the query finds.
struct JaegerSearch: Equatable {
    var traceIDs: [TraceID]
    var query: String
    var from: UInt64
    var to: UInt64
    var limit: Int
    /// More was asked for than one answer may hold.
    var isLimitLowered = false
}
