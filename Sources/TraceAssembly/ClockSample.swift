/// One request between two hosts.
struct ClockSample {
    var first: UInt32
    var second: UInt32
    /// What this request alone says about the second clock minus the first.
    var bounds: ClockInterval
    /// When the first host saw it begin.
    var time: UInt64

    /// Nil when the pair says nothing: the caller has no length, or the callee took longer than the caller waited for it.
    ///
    /// The callee begins after the request was sent and ends before the answer is there. So its clock is ahead by no more
    /// than the difference of the starts, and by no less than the difference of the ends.
    init?(client: Int, server: Int, start: [UInt64], end: [UInt64], host: [UInt32]) {
        guard end[client] > start[client], end[server] >= start[server] else { return nil }
        let ahead = ClockInterval(
            low: ClockInterval.difference(end[server], end[client]),
            high: ClockInterval.difference(start[server], start[client]))
        guard ahead.low <= ahead.high else { return nil }
        if host[client] < host[server] {
            (first, second, bounds, time) = (host[client], host[server], ahead, start[client])
        } else {
            (first, second, bounds, time) = (host[server], host[client], ahead.reversed, start[server])
        }
    }
}

/// All requests of a trace that say something about clocks, put together by pair of hosts in linear time.
struct ClockSamples {
    private var samples: [ClockSample] = []
    /// For each sample the number of its pair; pairs are numbered as they are met.
    private var pairOf: [Int32] = []
    private var counts: [Int] = []
    private var names: [UInt64] = []
    private var numbers: [UInt64: Int32] = [:]

    mutating func append(_ sample: ClockSample) {
        let name = UInt64(sample.first) << 32 | UInt64(sample.second)
        let number: Int32
        // Neighbours are often of one pair.
        if let last = pairOf.last, names[Int(last)] == name {
            number = last
        } else if let known = numbers[name] {
            number = known
        } else {
            number = Int32(counts.count)
            numbers[name] = number
            names.append(name)
            counts.append(0)
        }
        samples.append(sample)
        pairOf.append(number)
        counts[Int(number)] += 1
    }

    /// The requests of each pair, pairs by their hosts' numbers.
    func byPair() -> [[ClockSample]] {
        var found: [[ClockSample]] = counts.map { count in
            var row: [ClockSample] = []
            row.reserveCapacity(count)
            return row
        }
        for (sample, number) in zip(samples, pairOf) { found[Int(number)].append(sample) }
        return names.indices.sorted { names[$0] < names[$1] }.map { found[$0] }
    }
}
