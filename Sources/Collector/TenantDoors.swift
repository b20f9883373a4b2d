import Access
import HTTP
import Receiving

/// The OTLP door of a collector that asks for keys: each tenant's telemetry goes to a service of its own, with its own store
/// behind it; what belongs to no tenant goes on as if there were none. Lives on the loop that receives.
final class TenantDoors: HTTPService {
    private let standard: OTLPService
    private let stores: TenantStores
    private let makeService: (TenantStores.Space) throws -> OTLPService
    private var services: [String: OTLPService] = [:]

    init(
        standard: OTLPService, stores: TenantStores, makeService: @escaping (TenantStores.Space) throws -> OTLPService
    ) {
        self.standard = standard
        self.stores = stores
        self.makeService = makeService
    }

    func admit(_ head: RequestHead) -> HTTPResponse? {
        guard let tenant = head.tenant else { return standard.admit(head) }
        if let service = services[tenant] { return service.admit(head) }
        guard let name = TenantName(tenant) else { preconditionFailure("a tenant's name was not checked") }
        switch stores.find(name) {
        case .space(let space):
            do {
                let service = try makeService(space)
                services[tenant] = service
                return service.admit(head)
            } catch {
                return standard.refusal(head, status: 503, reason: "the tenant's door cannot be opened: \(error)")
            }
        case .opening:
            return standard.refusal(
                head, status: 503, reason: "the tenant's store is being opened; send it again later")
        case .unknown: return standard.refusal(head, status: 403, reason: "no key names this tenant")
        case .full(let limit):
            return standard.refusal(
                head, status: 503, reason: "there are \(limit) tenants already, which is 'tenants.max'")
        case .unusable(let reason):
            return standard.refusal(head, status: 503, reason: "the tenant's store cannot be opened: \(reason)")
        }
    }

    func plan(_ head: RequestHead, beginning: [UInt8]) -> BodyPlan {
        service(of: head).plan(head, beginning: beginning)
    }

    func serve(_ exchange: HTTPExchange) {
        guard let tenant = exchange.head.tenant else { return standard.serve(exchange) }
        // `admit` made it; were it not there, nobody else's store would be the place to go on with.
        guard let service = services[tenant] else {
            return exchange.respond(
                standard.refusal(
                    exchange.head, status: 503, reason: "the tenant's store is not open; send it again later"))
        }
        service.serve(exchange)
    }

    func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        service(of: head).refusal(head, status: status, reason: reason)
    }

    /// Only for words about a request, never for what it carries.
    private func service(of head: RequestHead) -> OTLPService {
        guard let tenant = head.tenant else { return standard }
        return services[tenant] ?? standard
    }
}
