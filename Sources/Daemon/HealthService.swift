package import HTTP
package import SelfTelemetry

/// Answers `/metrics`, `/healthz` and `/readyz`, and leaves everything else to the service behind it. Lives on one loop.
package final class HealthService: HTTPService {
    private let registry: MetricRegistry
    /// What keeps the program from being ready; empty when it is.
    private let obstacles: () -> [String]
    /// What an operator should know of a program that is ready all the same.
    private let remarks: () -> [String]
    private let next: (any HTTPService)?

    package init(
        registry: MetricRegistry, next: (any HTTPService)? = nil, obstacles: @escaping () -> [String],
        remarks: @escaping () -> [String] = { [] }
    ) {
        self.registry = registry
        self.obstacles = obstacles
        self.remarks = remarks
        self.next = next
    }

    private static let paths: Set<String> = ["/metrics", "/healthz", "/readyz"]

    package func admit(_ head: RequestHead) -> HTTPResponse? {
        guard Self.paths.contains(head.path) else {
            guard let next else { return .text(404, "there are /metrics, /healthz and /readyz\n") }
            return next.admit(head)
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            var response = HTTPResponse.text(405, "use GET\n")
            response.headers.add("allow", "GET, HEAD")
            return response
        }
        return nil
    }

    package func serve(_ exchange: HTTPExchange) {
        switch exchange.head.path {
        case "/metrics":
            exchange.respond(
                HTTPResponse(
                    status: 200, headers: HTTPHeaders([("content-type", MetricRegistry.contentType)]),
                    body: Array(registry.render().utf8)))
        case "/healthz":
            exchange.respond(.text(200, "ok\n"))
        case "/readyz":
            let obstacles = obstacles()
            exchange.respond(
                obstacles.isEmpty
                    ? .text(200, (["ready"] + remarks()).map { $0 + "\n" }.joined())
                    : .text(503, obstacles.map { $0 + "\n" }.joined()))
        default: next?.serve(exchange)
        }
    }
}
