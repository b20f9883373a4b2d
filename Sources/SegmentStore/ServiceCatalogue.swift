import WireFormat

/// The services whose spans one segment holds. Bounded: senders choose the names.
struct ServiceCatalogue: Sendable {
    static let maxServices = 4096
    static let maxNameBytes = 256
    /// Where the spans of services beyond the bound are counted.
    static let overflowName = "(other services)"

    private(set) var services: [String: Entry] = [:]

    struct Entry: Sendable, Equatable {
        var spans: UInt64
        var lastSeen: UInt64
    }

    mutating func add(_ name: String, spans: UInt64, at time: UInt64) {
        if note(name, spans: spans, at: time) { return }
        var key = name.utf8.count <= Self.maxNameBytes ? name : Self.shortened(name)
        if services[key] == nil, services.count >= Self.maxServices { key = Self.overflowName }
        if note(key, spans: spans, at: time) { return }
        services[key] = Entry(spans: spans, lastSeen: time)
    }

    private mutating func note(_ name: String, spans: UInt64, at time: UInt64) -> Bool {
        guard let index = services.index(forKey: name) else { return false }
        services.values[index].spans &+= spans
        services.values[index].lastSeen = max(services.values[index].lastSeen, time)
        return true
    }

    mutating func merge(_ other: ServiceCatalogue) {
        for (name, entry) in other.services { add(name, spans: entry.spans, at: entry.lastSeen) }
    }

    private static func shortened(_ name: String) -> String {
        var end = name.utf8.index(name.startIndex, offsetBy: maxNameBytes)
        while name.unicodeScalars.index(after: name.unicodeScalars.startIndex) < end,
            end.samePosition(in: name.unicodeScalars) == nil
        { end = name.utf8.index(before: end) }
        return String(name[..<end])
    }
}
