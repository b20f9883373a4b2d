package import HTTP
import JSON
import TraceModel

/// Why a request for something stored has no answer. `response` says so to the client.
package struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
    package var status: Int
    /// A word that programs can compare.
    package var code: String
    /// What happened, to which input.
    package var message: String
    /// What to do about it.
    package var hint: String
    /// Methods that the path knows; sent with 405.
    package var allow: String?
    /// Where in a query it is wrong, from 1.
    package var column: Int?

    package init(_ status: Int, _ code: String, _ message: String, hint: String, allow: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.allow = allow
    }

    static func notFound(_ id: TraceID) -> QueryError {
        QueryError(
            404, "trace_not_found", "no span of trace \(id) is stored here",
            hint: "it may still be on its way (try again in a few seconds), not sampled, or older than "
                + "'store.retention'; check the id against the x-hms-trace-id header")
    }

    package var description: String { "\(message); \(hint)" }

    package var response: HTTPResponse {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("error")
            writer.object { writer in
                writer.member("code", code)
                writer.member("message", message)
                writer.member("hint", hint)
                if let column { writer.member("column", column) }
            }
        }
        var response = HTTPResponse.json(writer.bytes, status: status)
        if let allow { response.headers.add("allow", allow) }
        return response
    }
}

extension HTTPResponse {
    /// JSON that a browser neither keeps nor takes for anything else.
    static func json(_ body: [UInt8], status: Int = 200) -> HTTPResponse {
        bytes(body, type: "application/json", status: status)
    }

    static func bytes(_ body: [UInt8], type: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: HTTPHeaders([
                ("content-type", type), ("cache-control", "no-store"), ("x-content-type-options", "nosniff"),
            ]),
            body: body)
    }
}
