import TraceModel

/// The traces that appeared last, a ring.
struct RecentTraces: Sendable {
    static let capacity = 1024

    private var ring: [TraceID] = []
    private var next = 0

    mutating func append(_ id: TraceID) {
        if ring.count < Self.capacity {
            ring.append(id)
        } else {
            ring[next] = id
            next = (next + 1) % Self.capacity
        }
    }

    mutating func remove(_ ids: Set<TraceID>) {
        let left = newest(Self.capacity).filter { !ids.contains($0) }
        ring = left.reversed()
        next = 0
    }

    /// Newest first, each once.
    func newest(_ limit: Int) -> [TraceID] {
        var seen: Set<TraceID> = []
        var result: [TraceID] = []
        for step in 0..<ring.count where result.count < limit {
            let id = ring[(next + ring.count - 1 - step) % ring.count]
            if seen.insert(id).inserted { result.append(id) }
        }
        return result
    }
}
