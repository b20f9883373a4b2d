import Glibc
import HTTP
import JSON
import TraceModel

/// What the collector tells of one trace. Nil where it knows none.
extension CollectorAPI {
    /// The first question about a large trace is answered once all of it is read.
    private static let patience = Duration.seconds(120)

    /// For the hour before, from which colours follow, to be summed up.
    private static let patienceForColours = Duration.seconds(3)
    private static let pause: UInt32 = 100_000

    func overview(of id: TraceID) throws(OpsError) -> TraceOverview? {
        let path = "/api/v1/traces/\(id)/overview"
        let deadline = ContinuousClock.now + Self.patienceForColours
        while true {
            guard let json = try parsed(path) else { return nil }
            guard let overview = TraceOverview(json) else { throw unreadable(path) }
            guard overview.areColoursPending, ContinuousClock.now < deadline else { return overview }
            usleep(Self.pause)
        }
    }

    /// At most `limit` rows from the one at `offset` on.
    func rows(of id: TraceID, offset: Int, limit: Int) throws(OpsError) -> [TraceRow] {
        let path = "/api/v1/traces/\(id)/rows?offset=\(offset)&limit=\(limit)"
        guard let json = try parsed(path) else { throw .traceNotFound(id, collector: address) }
        let list = json["rows"]?.array ?? []
        let rows = list.compactMap { TraceRow($0) }
        let indices = rows.indices.map { offset + $0 }
        guard json["rows"] != nil, rows.count == list.count, rows.map(\.index) == indices else {
            throw unreadable(path)
        }
        return rows
    }

    /// A part of the trace's full JSON, from a node on, and how many nodes the whole has.
    func fullJSON(of id: TraceID, offset: Int) throws(OpsError) -> (bytes: [UInt8], nodes: Int)? {
        let path = "/api/v1/traces/\(id)" + (offset > 0 ? "?offset=\(offset)" : "")
        guard let response = try get(path, accept: "application/json", deadline: Self.patience) else { return nil }
        guard let nodes = Self.nodeCount(response.body) else { throw unreadable(path) }
        return (response.body, nodes)
    }

    /// The trace in another form, and whether more of it is stored than is given.
    func document(of id: TraceID, format: String) throws(OpsError) -> (bytes: [UInt8], isTruncated: Bool)? {
        let accept = format == "html" ? "text/html" : "application/json"
        let path = "/api/v1/traces/\(id)?format=\(format)"
        guard let response = try get(path, accept: accept, deadline: Self.patience) else { return nil }
        return (response.body, response.headers["x-hms-truncated"] != nil)
    }

    /// The trace's spans as one OTLP message.
    func spans(of id: TraceID) throws(OpsError) -> [UInt8]? {
        try get("/api/v1/traces/\(id)?format=otlp", accept: "application/x-protobuf", deadline: Self.patience)?.body
    }

    private func parsed(_ path: String) throws(OpsError) -> JSONValue? {
        guard let response = try get(path, accept: "application/json", deadline: Self.patience) else { return nil }
        do {
            return try JSONParser.parse(response.body)
        } catch {
            throw .malformedAnswer(address: address, path: path, reason: "\(error)")
        }
    }

    private func unreadable(_ path: String) -> OpsError {
        .malformedAnswer(address: address, path: path, reason: "members are missing, or are not what they must be")
    }

    /// Reads no further than it must: the number stands near the beginning.
    private static func nodeCount(_ json: [UInt8]) -> Int? {
        var tokenizer = JSONTokenizer(json)
        do {
            while true {
                switch try tokenizer.next() {
                case .key(let key) where tokenizer.depth == 2 && tokenizer.string(key) == "nodeCount":
                    guard case .number(let number) = try tokenizer.next() else { return nil }
                    return Int(tokenizer.text(number))
                case .end: return nil
                default: break
                }
            }
        } catch { return nil }
    }
}
