import Glibc

/// Measurements sorted into buckets that grow by the factor 2^(2^-scale), as OTLP's exponential histogram has them.
///
/// Begins at scale 5, where a value read from the middle of its bucket is at most 1.1 % off. Each time more buckets were
/// needed than are granted, neighbours are merged, which doubles that error; 1024 buckets hold a range of 1 to 4 thousand
/// million without it.
package struct ExponentialBuckets: Equatable, Sendable {
    package static let firstScale: Int32 = 5
    package static let mostBuckets = 1024
    /// However little is granted, this many stand open.
    package static let fewestBuckets = 16

    package struct Side: Equatable, Sendable {
        /// Index of the first bucket: bucket i holds what is over base^i and at most base^(i+1).
        package fileprivate(set) var offset: Int32 = 0
        package fileprivate(set) var counts: [UInt64] = []
    }

    package private(set) var scale = firstScale
    package private(set) var positive = Side()
    package private(set) var negative = Side()
    package private(set) var zeroCount: UInt64 = 0
    package private(set) var count: UInt64 = 0
    package private(set) var sum = 0.0
    package private(set) var minimum = 0.0
    package private(set) var maximum = 0.0

    package init() {}

    /// Buckets that hold memory.
    package var bucketCount: Int { positive.counts.count + negative.counts.count }

    /// - Parameters:
    ///   - value: finite.
    ///   - times: how often it was measured.
    ///   - granted: how many buckets either side may have.
    package mutating func add(_ value: Double, times: UInt64 = 1, granted: Int = mostBuckets) {
        guard times > 0 else { return }
        minimum = count == 0 ? value : min(minimum, value)
        maximum = count == 0 ? value : max(maximum, value)
        count = count.addingClamped(times)
        let greatest = Double.greatestFiniteMagnitude
        sum = min(max(sum + value * Double(times), -greatest), greatest)
        if value > 0 {
            add(value, times, granted, \.positive)
        } else if value < 0 {
            add(-value, times, granted, \.negative)
        } else {
            zeroCount = zeroCount.addingClamped(times)
        }
    }

    private mutating func add(
        _ magnitude: Double, _ times: UInt64, _ granted: Int, _ side: WritableKeyPath<ExponentialBuckets, Side>
    ) {
        let granted = min(max(granted, Self.fewestBuckets), Self.mostBuckets)
        var index = index(of: magnitude)
        while self[keyPath: side].width(with: index) > granted {
            downscale()
            index >>= 1
        }
        self[keyPath: side].add(index, times)
    }

    private func index(of magnitude: Double) -> Int32 {
        let position = log2(magnitude) * exp2(Double(scale))
        return Int32(clamping: Int64(position.rounded(.up)) - 1)
    }

    private mutating func downscale() {
        scale -= 1
        positive.halve()
        negative.halve()
    }

    /// The value below which the share `quantile` of the measurements lies, off by at most the error of the scale.
    package func quantile(_ quantile: Double) -> Double {
        guard count > 0 else { return 0 }
        var left = max(1, UInt64((quantile * Double(count)).rounded(.up)))
        for (place, number) in negative.counts.enumerated().reversed() where number > 0 {
            if number >= left { return clamped(-middle(negative.offset + Int32(place))) }
            left -= number
        }
        if zeroCount > 0 {
            if zeroCount >= left { return 0 }
            left -= zeroCount
        }
        for (place, number) in positive.counts.enumerated() where number > 0 {
            if number >= left { return clamped(middle(positive.offset + Int32(place))) }
            left -= number
        }
        return maximum
    }

    private func clamped(_ value: Double) -> Double { min(max(value, minimum), maximum) }

    /// As far, in proportion, from the lower bound as from the upper.
    private func middle(_ index: Int32) -> Double {
        let width = exp2(-Double(scale))
        let lower = exp2(Double(index) * width)
        let base = exp2(width)
        return lower * (2 * base / (1 + base))
    }
}

extension ExponentialBuckets.Side {
    /// How many buckets there are once `index` is one of them.
    func width(with index: Int32) -> Int {
        guard !counts.isEmpty else { return 1 }
        let last = Int(offset) + counts.count - 1
        return max(last, Int(index)) - min(Int(offset), Int(index)) + 1
    }

    fileprivate mutating func add(_ index: Int32, _ times: UInt64) {
        if counts.isEmpty { offset = index }
        if index < offset {
            counts.insert(contentsOf: repeatElement(0, count: Int(offset - index)), at: 0)
            offset = index
        }
        let place = Int(index) - Int(offset)
        if place >= counts.count { counts.append(contentsOf: repeatElement(0, count: place - counts.count + 1)) }
        counts[place] = counts[place].addingClamped(times)
    }

    fileprivate mutating func halve() {
        guard !counts.isEmpty else { return }
        let first = offset >> 1
        var halved = [UInt64](repeating: 0, count: Int((offset + Int32(counts.count - 1)) >> 1 - first) + 1)
        for (place, number) in counts.enumerated() where number > 0 {
            let target = Int((offset + Int32(place)) >> 1 - first)
            halved[target] = halved[target].addingClamped(number)
        }
        (offset, counts) = (first, halved)
    }
}

extension UInt64 {
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
