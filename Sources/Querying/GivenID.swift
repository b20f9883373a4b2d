import TraceModel

/// An id of which the length tells whether it names a trace or a span. 16 digits may also be a trace id's lower half.
struct GivenID {
    let text: String
    let trace: TraceID
    /// Nil when the id can only be a trace's.
    let span: SpanID?

    init(_ given: String) throws(QueryError) {
        let digits = given.utf8.count
        let padded = digits == 16 ? String(repeating: "0", count: 16) + given : given
        guard digits == 16 || digits == 32, let trace = TraceID(hex: padded), !trace.isZero else {
            throw QueryError(
                400, "invalid_id", "'\(shortened(given))' is neither a trace id nor a span id",
                hint: "a trace id has 32 hexadecimal digits, a span id 16, not all of them zero")
        }
        self.trace = trace
        span = digits == 16 ? SpanID(hex: given) : nil
        text = given.lowercased()
    }
}
