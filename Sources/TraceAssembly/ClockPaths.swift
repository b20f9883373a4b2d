/// Hosts as a graph: two that called each other are neighbours, and what is between them is as long as their bounds are wide.
struct ClockPaths {
    private let pairs: [HostPair]
    /// Places of `pairs` for each host: those of host h are `offsets[h]..<offsets[h + 1]`.
    private var edges: [Int]
    private var offsets: [Int]
    /// By host number; nil where nothing is known.
    private(set) var found: [ClockOffset?]

    init(_ pairs: [HostPair], hostCount: Int) {
        self.pairs = pairs
        found = Array(repeating: nil, count: hostCount)
        offsets = Array(repeating: 0, count: hostCount + 1)
        for pair in pairs {
            offsets[Int(pair.first) + 1] += 1
            offsets[Int(pair.second) + 1] += 1
        }
        for host in 0..<hostCount { offsets[host + 1] += offsets[host] }
        edges = Array(repeating: 0, count: 2 * pairs.count)
        var next = offsets
        for (place, pair) in pairs.enumerated() {
            for host in [Int(pair.first), Int(pair.second)] {
                edges[next[host]] = place
                next[host] += 1
            }
        }
    }

    /// Ties every host that can be reached from `reference`, and is not tied yet, to its clock: along the path whose bounds
    /// are the tightest together. Bounds add up along it.
    mutating func tie(to reference: UInt32) {
        guard found[Int(reference)] == nil, offsets[Int(reference)] < offsets[Int(reference) + 1] else { return }
        var queue = ClockQueue()
        queue.push(
            ClockQueue.Entry(
                width: 0, host: reference, offset: ClockOffset(bounds: .zero, pairs: 0, reference: reference)))
        while let entry = queue.pop() {
            let host = Int(entry.host)
            guard found[host] == nil else { continue }
            found[host] = entry.offset
            for place in edges[offsets[host]..<offsets[host + 1]] {
                let pair = pairs[place]
                let isForward = pair.first == entry.host
                let other = isForward ? pair.second : pair.first
                guard found[Int(other)] == nil else { continue }
                let step = isForward ? pair.bounds : pair.bounds.reversed
                let (width, overflow) = entry.width.addingReportingOverflow(pair.bounds.width)
                queue.push(
                    ClockQueue.Entry(
                        width: overflow ? .max : width, host: other,
                        offset: ClockOffset(
                            bounds: entry.offset.bounds + step, pairs: pair.pairs, reference: reference)))
            }
        }
    }
}

/// Hosts that are still to be tied, the one with the tightest bounds first; ties by number. A binary heap.
private struct ClockQueue {
    struct Entry {
        let width: UInt64
        let host: UInt32
        let offset: ClockOffset

        func precedes(_ other: Entry) -> Bool { (width, host) < (other.width, other.host) }
    }

    private var heap: [Entry] = []

    mutating func push(_ entry: Entry) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, heap[place].precedes(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func pop() -> Entry? {
        guard let last = heap.popLast() else { return nil }
        guard let top = heap.first else { return last }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child].precedes(heap[least]) {
                least = child
            }
            guard least != place else { return top }
            heap.swapAt(place, least)
            place = least
        }
    }
}
