import JSON
package import QueryLanguage

/// What somebody wants erased.
package struct EraseRequest: Sendable {
    package enum Extent: String, Sendable {
        /// Every span of the traces that are found.
        case traces
        /// The spans alone that satisfy the query.
        case spans
    }

    /// As it was given.
    package var query: String
    package var expression: QueryExpression
    /// When the spans that satisfy the query began, both included, in Unix nanoseconds.
    package var started: ClosedRange<UInt64> = 0 ... .max
    package var extent = Extent.traces
    /// Finds and counts, and changes nothing.
    package var isDryRun = false
    /// Erases also what satisfies the query only if a span that did not arrive is as the query wants it.
    package var includesUnknown = false
    /// Who asks.
    package var by: String
    package var tenant: String?

    package init(query: String, expression: QueryExpression, by: String) {
        self.query = query
        self.expression = expression
        self.by = by
    }

    /// Reads the body of a request: `query`, and if one likes `from`, `to`, `what`, `dryRun` and `includeUnknown`. An unknown
    /// member is refused: whoever misspells `dryRun` must not erase.
    package init(_ body: [UInt8], by: String, tenant: String?, now: UInt64) throws(EraseRefusal) {
        let json: JSONValue
        do { json = try JSONParser.parse(body) } catch { throw .malformed("the body is not JSON: \(error)") }
        guard let members = json.members else { throw .malformed("the body is no JSON object") }
        let known = ["query", "from", "to", "what", "dryRun", "includeUnknown"]
        if let strange = members.first(where: { !known.contains($0.key) }) {
            throw .malformed("'\(strange.key.prefix(40))' is no member of such a request")
        }
        guard let query = json["query"]?.string, query.utf8.contains(where: { $0 > 0x20 }) else {
            throw .malformed("'query' is missing; an empty one would be everything")
        }
        let moment = Int64(clamping: now)
        do throws(QuerySyntaxError) {
            self.init(query: query, expression: try QueryParser.parse(query, now: moment), by: by)
        } catch { throw .query(error) }
        let from = try Self.moment(json, "from", moment) ?? 0
        let to = try Self.moment(json, "to", moment) ?? .max
        guard from <= to else { throw .malformed("'from' lies behind 'to', so nothing can be found") }
        started = from...to
        if let what = json["what"] {
            guard let extent = what.string.flatMap({ Extent(rawValue: $0) }) else {
                throw .malformed("'what' is neither \"traces\" nor \"spans\"")
            }
            self.extent = extent
        }
        isDryRun = try Self.flag(json, "dryRun")
        includesUnknown = try Self.flag(json, "includeUnknown")
        self.tenant = tenant
    }

    private static func flag(_ json: JSONValue, _ name: String) throws(EraseRefusal) -> Bool {
        guard let value = json[name] else { return false }
        guard let flag = value.bool else { throw .malformed("'\(name)' is neither true nor false") }
        return flag
    }

    /// A moment as queries write it: RFC 3339, Unix seconds or smaller units, or `now-15m`.
    private static func moment(_ json: JSONValue, _ name: String, _ now: Int64) throws(EraseRefusal) -> UInt64? {
        guard let value = json[name], !value.isNull else { return nil }
        let text: String? =
            switch value {
            case .string(let text), .number(let text): text
            default: nil
            }
        if let text, text.utf8.count <= 64,
            case .comparison(_, _, .integer(let moment))? = try? QueryParser.parse("start = \(text)", now: now)
        {
            return UInt64(clamping: moment)
        }
        throw .malformed("'\(name)' is no time such as 2026-01-31T10:00:00Z, now-15m or Unix seconds")
    }
}

/// Why an erasure is not begun.
package enum EraseRefusal: Error, Sendable {
    case malformed(String)
    case query(QuerySyntaxError)
}
