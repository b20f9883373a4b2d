import TraceModel

/// The traces that appeared last, a ring.
struct RecentTraces: Sendable {
    static let capacity = 1024

    private var ring: [Entry] = []
    private var next = 0
    /// Traces that appeared so far, those that were forgotten included.
    private(set) var appended: UInt64 = 0

    private struct Entry {
        var id: TraceID
        /// Of all that appeared, from 1.
        var number: UInt64
    }

    mutating func append(_ id: TraceID) {
        appended += 1
        let entry = Entry(id: id, number: appended)
        if ring.count < Self.capacity {
            ring.append(entry)
        } else {
            ring[next] = entry
            next = (next + 1) % Self.capacity
        }
    }

    mutating func append(contentsOf ids: [TraceID]) {
        appended += UInt64(max(0, ids.count - Self.capacity))
        for id in ids.suffix(Self.capacity) { append(id) }
    }

    mutating func remove(_ ids: Set<TraceID>) {
        ring = (ring[next...] + ring[..<next]).filter { !ids.contains($0.id) }
        next = 0
    }

    /// Newest first, each once.
    func newest(_ limit: Int) -> [TraceID] {
        var seen: Set<TraceID> = []
        var result: [TraceID] = []
        for step in 0..<ring.count where result.count < limit {
            let id = ring[(next + ring.count - 1 - step) % ring.count].id
            if seen.insert(id).inserted { result.append(id) }
        }
        return result
    }

    /// Those that appeared after the first `count`, in that order.
    func after(_ count: UInt64) -> [TraceID] {
        var newer: [TraceID] = []
        for step in 0..<ring.count {
            let entry = ring[(next + ring.count - 1 - step) % ring.count]
            guard entry.number > count else { break }
            newer.append(entry.id)
        }
        return newer.reversed()
    }
}
