/// What a key may be good for.
package enum AccessScope: String, CaseIterable, Sendable {
    /// Send telemetry.
    case ingest
    /// See what is stored, and how the program is.
    case read
    /// Change or destroy what is stored, and read the audit log.
    case admin
}

/// Some of the scopes.
package struct AccessScopes: OptionSet, Sendable, Hashable, CustomStringConvertible {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package init(_ scope: AccessScope) {
        rawValue =
            switch scope {
            case .ingest: 1
            case .read: 2
            case .admin: 4
            }
    }

    /// What a line of `keys.file` that names no scopes gives: all that a key could do before there were scopes. Acts that
    /// destroy came with them, so these must be written out.
    package static let unnamed: AccessScopes = [AccessScopes(.ingest), AccessScopes(.read)]

    /// Reads `ingest,read`; nil where a word is none, or there is no word.
    package init?(_ text: some StringProtocol) {
        var scopes: AccessScopes = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let scope = AccessScope(rawValue: String(word)) else { return nil }
            scopes.insert(AccessScopes(scope))
        }
        self = scopes
    }

    package func allows(_ scope: AccessScope) -> Bool { contains(AccessScopes(scope)) }

    package var description: String {
        AccessScope.allCases.filter { allows($0) }.map(\.rawValue).joined(separator: ",")
    }
}
