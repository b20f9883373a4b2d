import OTLP

/// A trace of nested calls between hosts, made with true times and written down with each host's own clock.
struct SkewedTrace {
    private(set) var parent: [Int32] = []
    private(set) var start: [UInt64] = []
    private(set) var end: [UInt64] = []
    private(set) var kind: [SpanKind] = []
    private(set) var host: [UInt32] = []
    /// What was made as a consumer, or as work that begins after its parent has ended.
    private(set) var isAsync: [Bool] = []
    let hostCount: Int
    /// Nanoseconds that each clock is ahead at the beginning, and gains in a second.
    private(set) var ahead: [Int64]
    private(set) var gain: [Int64]
    /// The smallest round trip of each two hosts that called each other, the smaller number first.
    private(set) var roundTrip: [[UInt32]: UInt64] = [:]
    private(set) var length: UInt64 = 0

    private static let base: UInt64 = 1_700_000_000_000_000_000
    private static let mostNodes = 150

    /// A fifth of the hosts, one at least, has a clock that is up to 5 s off and drifts by up to 50 in a million.
    init(using generator: inout SeededGenerator) {
        hostCount = Int.random(in: 2...15, using: &generator)
        ahead = Array(repeating: 0, count: hostCount)
        gain = ahead
        for host in (0..<hostCount).shuffled(using: &generator).prefix(max(1, hostCount / 5)) {
            ahead[host] = Int64.random(in: -5_000_000_000...5_000_000_000, using: &generator)
            gain[host] = Int64.random(in: -50_000...50_000, using: &generator)
        }
        let first = UInt32.random(in: 0..<UInt32(hostCount), using: &generator)
        let root = open(below: -1, .server, on: first)
        length = serve(root, from: 0, depth: 0, using: &generator)
    }

    /// How far the second clock is ahead of the first in the middle of the trace.
    func truth(_ first: Int, _ second: Int) -> Int64 {
        error(of: second, at: length / 2) - error(of: first, at: length / 2)
    }

    private func error(of host: Int, at time: UInt64) -> Int64 {
        ahead[host] + Int64(Int128(gain[host]) * Int128(time) / 1_000_000_000)
    }

    private func clock(_ host: UInt32, at time: UInt64) -> UInt64 {
        UInt64(Int64(Self.base + time) + error(of: Int(host), at: time))
    }

    private mutating func open(below above: Int, _ kind: SpanKind, on host: UInt32, isAsync: Bool = false) -> Int {
        parent.append(Int32(above))
        start.append(0)
        end.append(0)
        self.kind.append(kind)
        self.host.append(host)
        self.isAsync.append(isAsync)
        return parent.count - 1
    }

    private mutating func close(_ node: Int, _ from: UInt64, _ to: UInt64) {
        (start[node], end[node]) = (clock(host[node], at: from), clock(host[node], at: to))
    }

    /// Lets a server span do its work from a moment on; gives back when it ends.
    private mutating func serve(
        _ node: Int, from begin: UInt64, depth: Int, using generator: inout SeededGenerator
    ) -> UInt64 {
        var now = begin + pause(&generator)
        for _ in 0..<Int.random(in: depth == 0 ? 2...6 : 0...3, using: &generator)
        where depth < 5 && parent.count < Self.mostNodes {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                let inner = open(below: node, .internal, on: host[node])
                let from = now
                now += pause(&generator)
                close(inner, from, now)
            case 1:
                let producer = open(below: node, .producer, on: host[node])
                let from = now
                now += pause(&generator)
                close(producer, from, now)
                let other = UInt32.random(in: 0..<UInt32(hostCount), using: &generator)
                let consumer = open(below: producer, .consumer, on: other, isAsync: true)
                let later = now + UInt64.random(in: 0...2_000_000_000, using: &generator)
                close(consumer, later, later + pause(&generator))
            default:
                now = call(from: node, at: now, depth: depth, using: &generator)
            }
            now += pause(&generator)
        }
        close(node, begin, now)
        if Int.random(in: 0..<10, using: &generator) == 0 {
            let left = open(below: node, .internal, on: host[node], isAsync: true)
            let from = now + 1 + pause(&generator)
            close(left, from, from + pause(&generator))
        }
        return now
    }

    private mutating func call(
        from node: Int, at begin: UInt64, depth: Int, using generator: inout SeededGenerator
    ) -> UInt64 {
        let other = UInt32.random(in: 0..<UInt32(hostCount), using: &generator)
        let client = open(below: node, .client, on: host[node])
        let server = open(below: client, .server, on: other)
        let arrived = begin + delay(&generator)
        let replied = serve(server, from: arrived, depth: depth + 1, using: &generator)
        let now = replied + delay(&generator)
        close(client, begin, now)
        if other != host[node] {
            let pair = [min(other, host[node]), max(other, host[node])]
            roundTrip[pair] = min(roundTrip[pair] ?? .max, (arrived - begin) + (now - replied))
        }
        return now
    }

    /// One way through a network: 50 µs at least, mostly some hundred, now and then several milliseconds.
    private func delay(_ generator: inout SeededGenerator) -> UInt64 {
        let usual = 50_000 + UInt64.random(in: 0...300_000, using: &generator)
        return Int.random(in: 0..<12, using: &generator) == 0
            ? usual + UInt64.random(in: 0...8_000_000, using: &generator) : usual
    }

    /// Work between calls: up to 2 ms, at times up to a second.
    private func pause(_ generator: inout SeededGenerator) -> UInt64 {
        Int.random(in: 0..<40, using: &generator) == 0
            ? UInt64.random(in: 0...1_000_000_000, using: &generator)
            : UInt64.random(in: 1...2_000_000, using: &generator)
    }
}
