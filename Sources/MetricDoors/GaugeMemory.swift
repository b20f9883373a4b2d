/// The last value of each gauge, which a change such as `+3` counts from. Kept over windows, bounded in number and in bytes.
struct GaugeMemory {
    private struct Entry {
        var value: Double
        var window: UInt64
    }

    private var entries: [[UInt8]: Entry] = [:]
    private var bytes = 0
    private static let maxBytes = 2 << 20
    private static let entryBytes = 96

    func value(_ key: [UInt8]) -> Double? { entries[key]?.value }

    /// - Parameter window: rises with time; at the limit, gauges that were not set in it make room.
    mutating func note(_ key: [UInt8], _ value: Double, window: UInt64, limit: Int) {
        if entries[key] == nil {
            let cost = key.count + Self.entryBytes
            if entries.count >= limit || bytes + cost > Self.maxBytes {
                entries = entries.filter { $0.value.window == window }
                bytes = entries.keys.reduce(0) { $0 + $1.count + Self.entryBytes }
            }
            guard entries.count < limit, bytes + cost <= Self.maxBytes else { return }
            bytes += cost
        }
        entries[key] = Entry(value: value, window: window)
    }
}
