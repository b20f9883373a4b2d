package import Access

/// What became of a look into `keys.file` while the program runs.
package enum KeyFileReading: Sendable {
    case taken(KeyChanges)
    /// The keys in force stay.
    case refused(reason: String)
}

/// How two readings of `keys.file` differ, by the keys' names.
package struct KeyChanges: Sendable, Equatable {
    package var added: [String] = []
    package var removed: [String] = []
    package var revoked: [String] = []
    /// In whatever else: the key itself, its scopes, tenant, rates or end.
    package var changed: [String] = []

    package init(from before: [AccessKey], to after: [AccessKey]) {
        let earlier = Dictionary(before.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for key in after {
            guard let old = earlier[key.name] else {
                added.append(key.name)
                continue
            }
            if old.revoked == nil, key.revoked != nil {
                revoked.append(key.name)
            } else if old != key {
                changed.append(key.name)
            }
        }
        let names = Set(after.map(\.name))
        removed = before.map(\.name).filter { !names.contains($0) }
    }

    package var isEmpty: Bool { added.isEmpty && removed.isEmpty && revoked.isEmpty && changed.isEmpty }
}
