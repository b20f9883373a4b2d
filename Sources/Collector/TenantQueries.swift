import Access
import Configuration
import HTTP
import JaegerAPI
import Querying
import SegmentStore
import SelfTelemetry

/// The read API for all tenants: each has a service of its own, which sees its store alone. Lives on one query thread.
final class TenantQueries {
    private let stores: TenantStores
    private let desire: QueryDesire
    private let standard: SpaceQueries
    private var services: [String: SpaceQueries] = [:]

    init(_ stores: TenantStores, _ desire: QueryDesire) {
        self.stores = stores
        self.desire = desire
        standard = SpaceQueries(stores.standard, desire)
    }

    func respond(to head: RequestHead) -> HTTPResponse {
        guard let tenant = head.tenant else { return standard.respond(to: head) }
        if let service = services[tenant] { return service.respond(to: head) }
        guard let name = TenantName(tenant) else { preconditionFailure("a tenant's name was not checked") }
        switch stores.find(name) {
        case .space(let space):
            let service = SpaceQueries(space, desire)
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

/// The read API and Jaeger's, over one store.
private struct SpaceQueries {
    private let store: SegmentStore
    private let own: QueryService
    private let jaeger: JaegerService

    init(_ space: TenantStores.Space, _ desire: QueryDesire) {
        store = space.store
        own = QueryService(
            source: StoredTraces(
                store: space.store, refusals: space.refusals, large: space.large, desire: desire),
            shelf: space.shelf, version: Product.version
        )
        jaeger = JaegerService(
            source: JaegerTraces(store: space.store, large: space.large, desire: desire), now: WallClock.unixNanoseconds
        )
    }

    func respond(to head: RequestHead) -> HTTPResponse {
        defer { store.boundPages() }
        return JaegerService.owns(path: head.path) ? jaeger.respond(to: head) : own.respond(to: head)
    }
}
