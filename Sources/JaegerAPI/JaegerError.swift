package import TraceModel

/// Why a request, or a part of it, has no answer; stands in the answer's `errors`.
package struct JaegerError: Error, Equatable, Sendable {
    /// The HTTP status; 0 for a remark about a part of an answer, which is then left out.
    package var code: Int
    package var message: String
    /// The trace that the remark is about.
    package var traceID: TraceID?
    /// Methods that the path knows; sent with 405.
    package var allow: String?

    package init(_ code: Int, _ message: String, traceID: TraceID? = nil, allow: String? = nil) {
        self.code = code
        self.message = message
        self.traceID = traceID
        self.allow = allow
    }

    static func unparsable(_ parameter: String, _ reason: String) -> JaegerError {
        JaegerError(400, "unable to parse param '\(parameter)': \(reason)")
    }
}

/// What of a client's text goes into a message.
func shortened(_ text: some StringProtocol) -> String {
    text.unicodeScalars.count <= 80 ? String(text) : String(text.prefix(77)) + "..."
}
