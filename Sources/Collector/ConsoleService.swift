import Console
import HTTP
import Querying

/// The console's address: the API goes to the query threads, tails to their desk, everything else is a page or one of its
/// files. Lives on one loop.
final class ConsoleService: HTTPService {
    private let queries: QueryPool
    private let tails: TailDesk
    private let hosts: HostAllowList
    init(queries: QueryPool, tails: TailDesk, hosts: HostAllowList) {
        self.queries = queries
        self.tails = tails
        self.hosts = hosts
        ConsoleAssets.prepare()
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
        if head.path == TailDesk.path {
            tails.open(exchange)
            return
        }
        if QueryService.owns(path: head.path) {
            queries.run(exchange)
            return
        }
        exchange.respond(ConsoleAssets.response(to: head))
    }
}
