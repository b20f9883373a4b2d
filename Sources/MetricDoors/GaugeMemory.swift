/// The last value of each gauge, which a change such as `+3` counts from. Kept over windows, bounded in number.
struct GaugeMemory {
    private struct Entry {
        var value: Double
        var window: UInt64
    }

    private var entries: [[UInt8]: Entry] = [:]

    func value(_ key: [UInt8]) -> Double? { entries[key]?.value }

    /// - Parameter window: rises with time; at the limit, gauges that were not set in it make room.
    mutating func note(_ key: [UInt8], _ value: Double, window: UInt64, limit: Int) {
        if entries[key] == nil, entries.count >= limit {
            entries = entries.filter { $0.value.window == window }
            guard entries.count < limit else { return }
        }
        entries[key] = Entry(value: value, window: window)
    }
}
