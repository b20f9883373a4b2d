import OTLP
import QueryLanguage
import Summaries

/// What `/api/v1/red` and `/api/v1/graph` are asked for.
struct FiguresQuery {
    var filter = SummaryFilter()
    var limit: Int
    /// Also what came within the last second.
    var fresh: Bool

    init(_ parameters: QueryParameters, now: UInt64, maximumRows: Int = 10_000) throws(QueryError) {
        let moment = Int64(clamping: now)
        filter.from = try parameters.moment("from", now: moment)
        filter.to = try parameters.moment("to", now: moment)
        if let from = filter.from, let to = filter.to, from >= to {
            throw QueryError(
                400, "invalid_parameter", "'from' does not lie before 'to', so there is nothing between them",
                hint: "exchange the two")
        }
        filter.service = parameters["service"].flatMap { $0.isEmpty ? nil : $0 }
        filter.operation = parameters["operation"].flatMap { $0.isEmpty ? nil : $0 }
        if let text = parameters["kind"], !text.isEmpty {
            guard let kind = SpanKind.allCases.first(where: { "\($0)" == text }) else {
                throw QueryError(
                    400, "invalid_parameter", "'kind' is '\(shortened(text))'",
                    hint: "it is one of " + SpanKind.allCases.map { "\($0)" }.joined(separator: ", "))
            }
            filter.kind = kind.rawValue
        }
        filter.stepMinutes = UInt32(try parameters.integer("step", in: 60...604_800, usual: 60) / 60)
        limit = try parameters.integer("limit", in: 1...maximumRows, usual: 1000)
        fresh = parameters["fresh"] == "true"
    }
}
