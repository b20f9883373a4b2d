/// What a request needs before anybody looks where it leads.
package enum AccessNeed: Sendable, Equatable {
    /// Nothing, not even a key.
    case nothing
    /// A key with this scope; what it reaches is its tenant's.
    case scope(AccessScope)
    /// The same, of a key without a tenant: the answer tells of the whole program.
    case program(AccessScope)

    package var scope: AccessScope? {
        switch self {
        case .nothing: nil
        case .scope(let scope), .program(let scope): scope
        }
    }
}

/// The access table of one door: the first row that fits a request says what it needs. Paths are compared as they came,
/// percent-escapes and all, which is how the services behind the doors compare them too. The last row of each door fits
/// everything, so that a path that does not exist needs what its neighbours need.
package struct AccessRules: Sendable {
    package struct Row: Sendable {
        /// Nil for all.
        package var methods: [String]?
        /// A path and all below it; empty for every path.
        package var path: String
        package var need: AccessNeed

        init(_ methods: [String]? = nil, _ path: String, _ need: AccessNeed) {
            self.methods = methods
            self.path = path
            self.need = need
        }

        func fits(_ method: String, _ path: String) -> Bool {
            if let methods, !methods.contains(method) { return false }
            if self.path.isEmpty { return true }
            guard path.hasPrefix(self.path) else { return false }
            return path.utf8.count == self.path.utf8.count || path.utf8.dropFirst(self.path.utf8.count).first == 0x2F
        }
    }

    package let rows: [Row]

    package func need(_ method: String, _ path: String) -> AccessNeed {
        // The last row fits everything, so there always is one; were there none, the door would be shut.
        rows.first { $0.fits(method, path) }?.need ?? .program(.admin)
    }

    private static let health = Row("/healthz", .nothing)
    private static let reading = ["GET", "HEAD"]

    /// OTLP by gRPC and HTTP, of either program.
    package static let telemetry = AccessRules(rows: [health, Row("", .scope(.ingest))])

    /// Metrics by push: what was pushed is shown to who may read.
    package static let push = AccessRules(rows: [health, Row(reading, "", .scope(.read)), Row("", .scope(.ingest))])

    /// The sidecar's own pages.
    package static let pages = AccessRules(rows: [health, Row("", .scope(.read))])

    /// The collector's console and API. `/metrics` and most acts concern all tenants.
    package static let console = AccessRules(rows: [
        health,
        Row("/metrics", .program(.read)),
        Row("/api/v1/admin/erase", .scope(.admin)),
        Row("/api/v1/admin/pins", .scope(.admin)),
        Row("/api/v1/admin", .program(.admin)),
        Row("", .scope(.read)),
    ])
}

extension AccessRules.Row {
    fileprivate init(_ path: String, _ need: AccessNeed) { self.init(nil, path, need) }
}
