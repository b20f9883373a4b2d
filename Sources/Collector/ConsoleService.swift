import Console
import HTTP
import Querying

/// The console's address: the API goes to the query threads, everything else is a page or one of its files. Lives on one
/// loop.
final class ConsoleService: HTTPService {
    private let queries: QueryPool
    private let hosts: HostAllowList
    private let assets = ConsoleAssets()

    init(queries: QueryPool, hosts: HostAllowList) {
        self.queries = queries
        self.hosts = hosts
    }

    func admit(_ head: RequestHead) -> HTTPResponse? {
        guard hosts.allows(head.authority) else {
            return .text(
                403,
                "this console is not called '\(head.authority.prefix(80))'; add the name to 'console.hosts' if it is\n")
        }
        return nil
    }

    func serve(_ exchange: HTTPExchange) {
        let head = exchange.head
        if QueryService.owns(path: head.path) {
            queries.run(exchange)
            return
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            var refusal = HTTPResponse.text(405, "pages are read with GET\n")
            refusal.headers.add("allow", "GET, HEAD")
            exchange.respond(refusal)
            return
        }
        let page = assets.response(head.path, ifNoneMatch: head.headers["if-none-match"])
        exchange.respond(page ?? .text(404, "there is no such page; the console begins at /\n"))
    }
}
