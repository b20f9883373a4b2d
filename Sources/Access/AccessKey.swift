/// One line of `keys.file`: a key's name, its digest, and what it is good for. The key itself is not kept.
package struct AccessKey: Sendable, Equatable {
    package let name: String
    /// SHA-256 of the key.
    package let digest: [UInt8]
    /// nil where there is no limit.
    package var requestsPerSecond: Int?
    package var bytesPerSecond: Int?
    package var scopes = AccessScopes.unnamed
    /// Whose data it sends and sees; nil for those of nobody in particular.
    package var tenant: TenantName?
    /// From this second on it opens nothing.
    package var expires: UTCSecond?
    package var created: UTCSecond?
    /// It opens nothing, whenever this was.
    package var revoked: UTCSecond?

    package init(
        name: String, digest: [UInt8], requestsPerSecond: Int? = nil, bytesPerSecond: Int? = nil,
        scopes: AccessScopes = .unnamed, tenant: TenantName? = nil, expires: UTCSecond? = nil,
        created: UTCSecond? = nil, revoked: UTCSecond? = nil
    ) {
        self.name = name
        self.digest = digest
        self.requestsPerSecond = requestsPerSecond
        self.bytesPerSecond = bytesPerSecond
        self.scopes = scopes
        self.tenant = tenant
        self.expires = expires
        self.created = created
        self.revoked = revoked
    }

    package enum State: String, Sendable { case valid, expired, revoked }

    package func state(at now: UTCSecond) -> State {
        if revoked != nil { return .revoked }
        if let expires, expires <= now { return .expired }
        return .valid
    }
}
