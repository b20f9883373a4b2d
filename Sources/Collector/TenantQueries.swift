import Access
import Configuration
import HTTP
import Querying

/// The read API for all tenants: each has a service of its own, which sees its store alone. Lives on one query thread.
final class TenantQueries {
    private let stores: TenantStores
    private let standard: QueryService
    private var services: [String: QueryService] = [:]

    init(_ stores: TenantStores) {
        self.stores = stores
        standard = Self.service(stores.standard)
    }

    private static func service(_ space: TenantStores.Space) -> QueryService {
        QueryService(source: StoredTraces(store: space.store, refusals: space.refusals), version: Product.version)
    }

    func respond(to head: RequestHead) -> HTTPResponse {
        guard let tenant = head.tenant else { return standard.respond(to: head) }
        if let service = services[tenant] { return service.respond(to: head) }
        guard let name = TenantName(tenant) else { preconditionFailure("a tenant's name was not checked") }
        switch stores.find(name) {
        case .space(let space):
            let service = Self.service(space)
            services[tenant] = service
            return service.respond(to: head)
        case .opening: return Self.later("the store of '\(tenant)' is being opened", hint: "ask again in a second")
        case .unknown:
            return QueryError(
                404, "unknown_tenant", "there is no tenant '\(tenant)'",
                hint: "no key names it and there is no data of it; hms-ops key list shows the tenants of keys"
            ).response
        case .full(let limit):
            return Self.later(
                "there are \(limit) tenants already", hint: "raise 'tenants.max' and restart the collector")
        case .unusable(let reason):
            return Self.later(
                "the store of '\(tenant)' cannot be opened: \(reason)", hint: "the collector's log says more")
        }
    }

    private static func later(_ message: String, hint: String) -> HTTPResponse {
        var response = QueryError(503, "tenant_unavailable", message, hint: hint).response
        response.headers.add("retry-after", "1")
        return response
    }
}
