import Configuration
import HTTP
import JSON

/// The sidecar's own pages beside `/metrics`, `/healthz` and `/readyz`: the ledger, where one span is, and a page for people.
/// Lives on the admin door's loop.
final class AdminService: HTTPService {
    private let ledger: SidecarLedger
    private let directory: String?
    private let instance: String
    private let page: () -> String

    init(ledger: SidecarLedger, directory: String?, instance: String, page: @escaping () -> String) {
        self.ledger = ledger
        self.directory = directory
        self.instance = instance
        self.page = page
    }

    func admit(_ head: RequestHead) -> HTTPResponse? {
        guard head.path == "/" || head.path == "/ledger" || head.path.hasPrefix("/explain/") else {
            return .text(404, "there are /, /ledger, /explain/ID, /metrics, /healthz and /readyz\n")
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            var response = HTTPResponse.text(405, "use GET\n")
            response.headers.add("allow", "GET, HEAD")
            return response
        }
        return nil
    }

    func serve(_ exchange: HTTPExchange) {
        switch exchange.head.path {
        case "/":
            var response = HTTPResponse.text(200, page())
            response.headers.add("cache-control", "no-store")
            exchange.respond(response)
        case "/ledger":
            exchange.respond(Self.json(200, LedgerJSON.write(ledger, directory: directory, instance: instance)))
        default:
            let id = String(exchange.head.path.dropFirst("/explain/".count))
            guard let wanted = SoughtID(id) else {
                return exchange.respond(
                    Self.json(
                        400, Self.error("'\(id.prefix(64))' is no id: give 32 hex digits of a trace or 16 of a span")))
            }
            exchange.respond(Self.json(200, Explanation.write(wanted, in: ledger)))
        }
    }

    private static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, headers: HTTPHeaders([("content-type", "application/json")]), body: body)
    }

    private static func error(_ message: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("error")
            json.object { json in
                json.key("code")
                json.string("invalid_id")
                json.key("message")
                json.string(message)
                json.key("hint")
                json.string("hms-ops explain ID asks all sidecars and collectors")
            }
        }
        return json.bytes
    }
}
