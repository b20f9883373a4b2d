import TraceModel

extension TraceID {
    /// Reads an id as people and other systems write it: 32 digits of either case, or 16 for the lower half.
    init(given text: String) throws(QueryError) {
        let digits = text.utf8.count
        let padded = digits == 16 ? String(repeating: "0", count: 16) + text : text
        guard digits == 16 || digits == 32, let id = TraceID(hex: padded) else {
            throw QueryError(
                400, "invalid_trace_id", "'\(shortened(text))' is not a trace id",
                hint: "a trace id has 32 hexadecimal digits (or 16, padded with zeros), such as "
                    + "4bf92f3577b34da6a3ce929d0e0e4736")
        }
        guard !id.isZero else {
            throw QueryError(
                400, "invalid_trace_id", "a trace id of zeros alone names no trace",
                hint: "take the id from the x-hms-trace-id header of the request you look for")
        }
        self = id
    }
}
