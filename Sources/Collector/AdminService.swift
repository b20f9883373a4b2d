import HTTP
import Querying

/// Administrative acts, below `/api/v1/admin`. Who may ask was settled by the access table before a request comes here; where
/// no keys are asked for, everybody on this machine may. Lives on the console's loop.
///
/// An act that changes something is to demand `content-type: application/json`: a page of the web cannot send that here
/// without asking first, which nobody answers.
final class AdminService: HTTPService {
    private let audit: AuditTrail
    private let next: any HTTPService
    private static let root = "/api/v1/admin"
    private static let longestAnswer = 10_000

    init(audit: AuditTrail, next: any HTTPService) {
        self.audit = audit
        self.next = next
    }

    private static func owns(_ path: String) -> Bool { path == root || path.hasPrefix(root + "/") }

    func admit(_ head: RequestHead) -> HTTPResponse? {
        // The name that a browser called is judged there.
        if let refusal = next.admit(head) { return refusal }
        guard Self.owns(head.path) else { return nil }
        guard head.path == Self.root + "/audit" else {
            return QueryError(
                404, "unknown_path", "there is no administrative act at this path", hint: "there is \(Self.root)/audit"
            ).response
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            return QueryError(405, "method_not_allowed", "the audit log is read", hint: "use GET", allow: "GET, HEAD")
                .response
        }
        return nil
    }

    func serve(_ exchange: HTTPExchange) {
        guard Self.owns(exchange.head.path) else { return next.serve(exchange) }
        exchange.respond(entries(exchange.head))
    }

    private func entries(_ head: RequestHead) -> HTTPResponse {
        let given = head.query.split(separator: "&").first { $0.hasPrefix("limit=") }?.dropFirst(6)
        let limit = given.map { Int($0) ?? 0 } ?? 100
        guard (1...Self.longestAnswer).contains(limit) else {
            return QueryError(
                400, "invalid_parameter", "'limit' is not a whole number from 1 to \(Self.longestAnswer)",
                hint: "give such a number, or leave it out for 100"
            ).response
        }
        do {
            let lines = try audit.newest(limit)
            // Lines are JSON objects, unless somebody changed them: those are left for `hms-ops audit --verify` to find.
            let whole = lines.filter { $0.first == UInt8(ascii: "{") && $0.last == UInt8(ascii: "}") }
            let body = Array("{\"entries\":[".utf8) + whole.joined(separator: [UInt8(ascii: ",")]) + Array("]}\n".utf8)
            return HTTPResponse(
                status: 200,
                headers: HTTPHeaders([
                    ("content-type", "application/json"), ("cache-control", "no-store"),
                    ("x-content-type-options", "nosniff"),
                ]), body: body)
        } catch {
            return QueryError(
                500, "audit_failed", "the audit log cannot be read: \(error)", hint: "the collector's log says more"
            ).response
        }
    }
}
