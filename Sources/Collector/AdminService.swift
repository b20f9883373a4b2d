import Access
import Configuration
import Erasure
import HTTP
import JSON
import Keeping
import QueryLanguage
import Querying
import SegmentStore
import SelfTelemetry
import TraceModel

/// Administrative acts, below `/api/v1/admin`. Who may ask was settled by the access table before a request comes here; where
/// no keys are asked for, everybody on this machine may. Lives on the console's loop.
///
/// An act that changes something demands `content-type: application/json`: a page of the web cannot send that here without
/// asking first, which nobody answers.
final class AdminService: HTTPService {
    private let audit: AuditTrail
    private let stores: TenantStores
    private let eraser: EraseDesk
    private let next: any HTTPService
    private static let root = "/api/v1/admin"
    private static let longestAnswer = 10_000
    private static let longestOrder = 64 << 10

    init(audit: AuditTrail, stores: TenantStores, eraser: EraseDesk, next: any HTTPService) {
        self.audit = audit
        self.stores = stores
        self.eraser = eraser
        self.next = next
    }

    private enum Act {
        case audit
        case erase
        case receipt(Substring)
        case pins
        case pin(Substring)

        init?(_ path: String) {
            let parts = path.dropFirst(AdminService.root.count).split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count >= 2, parts[0].isEmpty else { return nil }
            switch (parts[1], parts.count) {
            case ("audit", 2): self = .audit
            case ("erase", 2): self = .erase
            case ("erase", 3): self = .receipt(parts[2])
            case ("pins", 2): self = .pins
            case ("pins", 3): self = .pin(parts[2])
            default: return nil
            }
        }

        var methods: [String] {
            switch self {
            case .audit, .receipt: ["GET", "HEAD"]
            case .erase: ["POST"]
            case .pins: ["GET", "HEAD", "POST"]
            case .pin: ["DELETE"]
            }
        }
    }

    private static func owns(_ path: String) -> Bool { path == root || path.hasPrefix(root + "/") }

    func admit(_ head: RequestHead) -> HTTPResponse? {
        // The name that a browser called is judged there.
        if let refusal = next.admit(head) { return refusal }
        guard Self.owns(head.path) else { return nil }
        guard let act = Act(head.path) else {
            return QueryError(
                404, "unknown_path", "there is no administrative act at this path",
                hint: "there are \(Self.root)/audit, \(Self.root)/erase and \(Self.root)/pins"
            ).response
        }
        guard act.methods.contains(head.method) else {
            let allow = act.methods.joined(separator: ", ")
            return QueryError(
                405, "method_not_allowed", "this act is not done by \(head.method.prefix(16))", hint: "use \(allow)",
                allow: allow
            ).response
        }
        guard head.method == "POST" || head.method == "DELETE" else { return nil }
        let type = head.headers["content-type"]?.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard type == "application/json" else {
            return QueryError(
                415, "not_json", "an act that changes something comes as application/json",
                hint: "send 'content-type: application/json'"
            ).response
        }
        guard head.contentLength.map({ $0 <= Self.longestOrder }) ?? true else { return Self.tooLong }
        return nil
    }

    private static let tooLong = QueryError(
        413, "too_large", "the request is longer than \(longestOrder) bytes", hint: "say it in fewer words"
    ).response

    func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan { next.plan(head, beginning: beginning) }

    func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        next.refusal(head, status: status, reason: reason)
    }

    func serve(_ exchange: HTTPExchange) {
        let head = exchange.head
        guard Self.owns(head.path), let act = Act(head.path) else { return next.serve(exchange) }
        do throws(QueryError) {
            exchange.respond(try respond(act, head, exchange.body))
        } catch { exchange.respond(error.response) }
    }

    private func respond(_ act: Act, _ head: RequestHead, _ body: [UInt8]) throws(QueryError) -> HTTPResponse {
        switch act {
        case .audit: return entries(head)
        case .erase: return try erase(head, body)
        case .receipt(let id): return try receipt(id, head)
        case .pins: return head.method == "POST" ? try pin(head, body) : try pins(head)
        case .pin(let trace): return try unpin(trace, head)
        }
    }

    // MARK: - Erasing

    /// The store that the request's key belongs to.
    private func space(of head: RequestHead) throws(QueryError) -> TenantStores.Space {
        guard let tenant = head.tenant else { return stores.standard }
        guard let name = TenantName(tenant) else { preconditionFailure("a tenant's name was not checked") }
        switch stores.find(name) {
        case .space(let space): return space
        case .opening:
            throw QueryError(
                503, "tenant_unavailable", "the store of '\(tenant)' is being opened", hint: "ask again in a second")
        case .unknown:
            throw QueryError(
                404, "unknown_tenant", "there is no tenant '\(tenant)'", hint: "hms-ops key list shows the tenants")
        case .full(let limit):
            throw QueryError(
                503, "tenant_unavailable", "there are \(limit) tenants already", hint: "raise 'tenants.max'")
        case .unusable(let reason):
            throw QueryError(
                503, "tenant_unavailable", "the store of '\(tenant)' cannot be opened: \(reason)",
                hint: "the collector's log says more")
        }
    }

    /// As the audit log names whoever asks.
    private static func author(_ head: RequestHead) -> String {
        head.identity.map { "key \($0.name)" } ?? "local"
    }

    private func erase(_ head: RequestHead, _ body: [UInt8]) throws(QueryError) -> HTTPResponse {
        guard body.count <= Self.longestOrder else { return Self.tooLong }
        let space = try space(of: head)
        let request: EraseRequest
        do throws(EraseRefusal) {
            request = try EraseRequest(
                body, by: Self.author(head), tenant: space.tenant?.text, now: WallClock.unixNanoseconds())
        } catch {
            switch error {
            case .malformed(let reason):
                throw QueryError(
                    400, "invalid_request", reason,
                    hint: "send {\"query\": \"...\"} with from, to, what, dryRun or includeUnknown if you like")
            case .query(let error): throw QueryError(error)
            }
        }
        switch eraser.begin(request, in: space) {
        case .begun(let id):
            guard let receipt = try? eraser.receipt(id, of: space) else { return Self.json([], status: 202) }
            var response = Self.json(receipt, status: 202)
            response.headers.add("location", "\(Self.root)/erase/\(id)")
            return response
        case .busy:
            throw QueryError(
                409, "busy", "another erasure is under way", hint: "ask again when it has ended; there is one at a time"
            )
        case .refused(let reason):
            throw QueryError(
                503, "not_recorded", "nothing is erased that cannot be recorded: \(reason)",
                hint: "the collector's log says more")
        }
    }

    private func receipt(_ id: Substring, _ head: RequestHead) throws(QueryError) -> HTTPResponse {
        let receipt: [UInt8]?
        do { receipt = try eraser.receipt(String(id), of: try space(of: head)) } catch let error as QueryError {
            throw error
        } catch {
            throw QueryError(
                500, "receipt_failed", "the receipt cannot be read: \(error)", hint: "the collector's log says more")
        }
        guard let receipt else {
            throw QueryError(
                404, "unknown_receipt", "there is no such receipt", hint: "the id stands in the answer to the erasure")
        }
        return Self.json(receipt)
    }

    // MARK: - Pins

    private func book(of head: RequestHead) throws(QueryError) -> PinBook {
        guard let kept = try space(of: head).store.keeping as? KeptTraces else {
            throw QueryError(503, "no_pins", "this store keeps no pins", hint: "the collector's log says more")
        }
        return kept.pins
    }

    private func pins(_ head: RequestHead) throws(QueryError) -> HTTPResponse {
        let lines = try book(of: head).pins.map(\.json)
        return Self.json(
            Array("{\"pins\":[".utf8) + lines.joined(separator: [UInt8(ascii: ",")]) + Array("]}\n".utf8))
    }

    private static func traceID(_ text: String?) throws(QueryError) -> TraceID {
        guard let text, let id = TraceID(hex: text) else {
            throw QueryError(
                400, "invalid_trace_id", "'\(text.map { String($0.prefix(80)) } ?? "")' is no trace id",
                hint: "a trace id is 32 hexadecimal digits")
        }
        return id
    }

    private func pin(_ head: RequestHead, _ body: [UInt8]) throws(QueryError) -> HTTPResponse {
        guard body.count <= Self.longestOrder else { return Self.tooLong }
        let book = try book(of: head)
        guard let json = try? JSONParser.parse(body), let members = json.members,
            members.allSatisfy({ ["trace", "for", "note"].contains($0.key) })
        else {
            throw QueryError(
                400, "invalid_request", "the body is no JSON object of trace, for and note",
                hint: "send {\"trace\": \"...\", \"for\": \"90d\"}")
        }
        let id = try Self.traceID(json["trace"]?.string)
        let text = json["for"]?.string ?? "90d"
        guard let length = DurationText.parse(text), length >= .seconds(1), length <= .seconds(3650 * 86_400) else {
            throw QueryError(
                400, "invalid_request", "'for' is '\(text.prefix(40))'", hint: "give a time such as 90d, at most 3650d")
        }
        let now = UTCSecond.now().seconds
        let pin = PinBook.Pin(
            trace: id, until: now + UInt64(clamping: length.components.seconds), note: json["note"]?.string ?? "",
            by: Self.author(head))
        do {
            try audit.record("pinned", by: pin.by, ["trace": "\(id)", "for": text, "tenant": head.tenant ?? ""])
            guard try book.add(pin) else {
                throw QueryError(
                    409, "too_many_pins", "there are \(PinBook.maximumPins) pins already",
                    hint: "take some away: DELETE \(Self.root)/pins/TRACE")
            }
        } catch let error as QueryError { throw error } catch { throw Self.notKept("\(error)") }
        return Self.json(pin.json + [0x0A])
    }

    private static func unknownPin(_ id: TraceID) -> QueryError {
        QueryError(404, "unknown_pin", "trace \(id) is not pinned", hint: "GET \(root)/pins lists them")
    }

    private func unpin(_ trace: Substring, _ head: RequestHead) throws(QueryError) -> HTTPResponse {
        let book = try book(of: head)
        let id = try Self.traceID(String(trace))
        do {
            guard book.pins.contains(where: { $0.trace == id }) else { throw Self.unknownPin(id) }
            try audit.record("unpinned", by: Self.author(head), ["trace": "\(id)", "tenant": head.tenant ?? ""])
            // Somebody else may have been faster.
            guard try book.remove(id) else { throw Self.unknownPin(id) }
        } catch let error as QueryError { throw error } catch { throw Self.notKept("\(error)") }
        return Self.json(Array("{\"trace\":\"\(id)\",\"removed\":true}\n".utf8))
    }

    private static func notKept(_ reason: String) -> QueryError {
        QueryError(
            503, "not_recorded", "nothing was changed, as it cannot be recorded: \(reason)",
            hint: "the collector's log says more")
    }

    private static func json(_ body: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: HTTPHeaders([
                ("content-type", "application/json"), ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
            ]), body: body)
    }

    // MARK: - The audit log

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
            return Self.json(
                Array("{\"entries\":[".utf8) + whole.joined(separator: [UInt8(ascii: ",")]) + Array("]}\n".utf8))
        } catch {
            return QueryError(
                500, "audit_failed", "the audit log cannot be read: \(error)", hint: "the collector's log says more"
            ).response
        }
    }
}
