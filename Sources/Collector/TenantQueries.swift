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
        switch stores.place(of: head) {
        case .space(let space):
            let service = SpaceQueries(space, desire)
            services[tenant] = service
            return service.respond(to: head)
        case .refusal(let response): return response
        }
    }
}

extension TenantStores {
    /// Where what a request asks for is stored, or what to answer instead.
    enum Place {
        case space(Space)
        case refusal(HTTPResponse)
    }

    func place(of head: RequestHead) -> Place {
        guard let tenant = head.tenant else { return .space(standard) }
        guard let name = TenantName(tenant) else { preconditionFailure("a tenant's name was not checked") }
        switch find(name) {
        case .space(let space): return .space(space)
        case .opening: return Self.later("the store of '\(tenant)' is being opened", hint: "ask again in a second")
        case .unknown:
            return .refusal(
                QueryError(
                    404, "unknown_tenant", "there is no tenant '\(tenant)'",
                    hint: "no key names it and there is no data of it; hms-ops key list shows the tenants of keys"
                ).response)
        case .full(let limit):
            return Self.later(
                "there are \(limit) tenants already", hint: "raise 'tenants.max' and restart the collector")
        case .unusable(let reason):
            return Self.later(
                "the store of '\(tenant)' cannot be opened: \(reason)", hint: "the collector's log says more")
        }
    }

    private static func later(_ message: String, hint: String) -> Place {
        var response = QueryError(503, "tenant_unavailable", message, hint: hint).response
        response.headers.add("retry-after", "1")
        return .refusal(response)
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
