import Testing

@testable import MetricDoors

@Suite struct StatsDWindowTests {
    private static let second: UInt64 = 1_000_000_000
    private static let begin = 1_700_000_003 * second

    private func window(_ set: (inout StatsDWindow.Options) -> Void = { _ in }) -> StatsDWindow {
        var options = StatsDWindow.Options()
        set(&options)
        return StatsDWindow(options: options, now: Self.begin)
    }

    @Test("Counters are delta sums over the window, sample rates made up for")
    func counters() {
        var window = window()
        for line in ["a:1|c", "a:2|c", "a:1|c|@0.1", "b:5:6|c|#x:1"] { #expect(window.take(line) == .success(.taken)) }
        let families = window.close(at: window.end)
        #expect(families.map(\.name) == ["a", "b"])
        #expect(families["a"]?.shape == .sum(isMonotonic: true, isCumulative: false))
        #expect(families["a"]?.number() == 13)
        #expect(families["b"]?.number("x=1") == 11)
        #expect(families["a"]?.points[0].start == Self.begin)
        #expect(families["a"]?.points[0].time == 1_700_000_010 * Self.second)
        #expect(window.start == 1_700_000_010 * Self.second && window.end == 1_700_000_020 * Self.second)
        #expect(window.close(at: window.end) == [])
    }

    @Test("A counter that was lowered once is not monotonic, from then on")
    func lowered() {
        var window = window()
        _ = window.take("a:-1|c")
        #expect(window.close(at: window.end)["a"]?.shape == .sum(isMonotonic: false, isCumulative: false))
        _ = window.take("a:1|c")
        #expect(window.close(at: window.end)["a"]?.shape == .sum(isMonotonic: false, isCumulative: false))
    }

    @Test("The order of tags and repeated tags make no other series; keys alone and keys with two values are kept")
    func tags() {
        var window = window()
        for line in ["a:1|c|#a:1,b:2", "a:1|c|#b:2,a:1", "a:1|c|#a:1,b:2,a:1"] { _ = window.take(line) }
        _ = window.take("k:1|c|#prod,z:1,z:2")
        let families = window.close(at: window.end)
        #expect(families["a"]?.points.count == 1)
        #expect(families["a"]?.number("a=1,b=2") == 3)
        #expect(families["k"]?.number("prod=true,z=1,2") == 1)
    }

    @Test("Gauges keep the last value, and changes count from it over windows")
    func gauges() {
        var window = window()
        for line in ["g:10|g", "g:+3|g", "g:-2|g", "h:-2|g|#t:1"] { _ = window.take(line) }
        let first = window.close(at: window.end)
        #expect(first["g"]?.number() == 11)
        #expect(first["g"]?.shape == .gauge && first["g"]?.points[0].start == 0)
        #expect(first["h"]?.number("t=1") == -2)
        _ = window.take("g:-1|g")
        #expect(window.close(at: window.end)["g"]?.number() == 10)
        // What the statsd package sends for a negative value.
        _ = window.take("g:0|g")
        _ = window.take("g:-5|g")
        #expect(window.close(at: window.end)["g"]?.number() == -5)
        #expect(window.close(at: window.end) == [])
    }

    @Test(
        "What a minus sign means can be chosen",
        arguments: [(StatsDWindow.NegativeGauges.delta, 8.0, 8.0), (.absolute, -2, -2), (.auto, 8, -2)])
    func signs(choice: StatsDWindow.NegativeGauges, plain: Double, tagged: Double) {
        var window = window { $0.negativeGauges = choice }
        for line in ["g:10|g", "g:-2|g", "g:10|g|#a", "g:-2|g|#a"] { _ = window.take(line) }
        let families = window.close(at: window.end)
        #expect(families["g"]?.number() == plain)
        #expect(families["g"]?.number("a=true") == tagged)
    }

    @Test("Timers are exponential histograms in milliseconds; sampled ones count for more")
    func timers() {
        var window = window()
        for value in 1...100 { _ = window.take("t:\(value)|ms|@0.5") }
        for _ in 0..<9 { _ = window.take("h_seconds:2|h|@0.3") }
        let families = window.close(at: window.end)
        guard case .exponential(let buckets)? = families["t"]?.points[0].value,
            case .exponential(let sampled)? = families["h_seconds"]?.points[0].value
        else { Issue.record("no histograms"); return }
        #expect(families["t"]?.unit == "ms" && families["h_seconds"]?.unit == "s")
        #expect(buckets.count == 200 && buckets.sum == 10_100 && buckets.minimum == 1 && buckets.maximum == 100)
        #expect(sampled.count == 30)  // 9 / 0.3, although each stands for 3.33
    }

    @Test("Sets count different members: exactly while few, within 5 % when many")
    func sets() {
        var window = window()
        for index in 0..<60 { for _ in 0..<3 { _ = window.take("few:u\(index)|s") } }
        for index in 0..<20_000 { _ = window.take("many:u\(index % 10_000)|s") }
        let families = window.close(at: window.end)
        #expect(families["few"]?.number() == 60)
        let many = families["many"]?.number() ?? 0
        // Hashes are seeded anew in each process; 5 % are more than twice the standard error, and 8 % over three times.
        #expect((9_200...10_800).contains(many), "\(many)")
    }

    @Test("Values with a time of their own keep it; container ids become attributes")
    func fields() {
        var window = window()
        _ = window.take("a:1|c|T1600000000")
        _ = window.take("a:2|c|T1600000000|c:ci-83c0")
        _ = window.take("a:4|c")
        let points = window.close(at: window.end)["a"]?.points ?? []
        #expect(points.count == 3)
        #expect(points.first { $0.value == .double(1) }?.time == 1_600_000_001 * Self.second)
        #expect(points.first { $0.value == .double(2) }?.attributes == [Label("container.id", "83c0")])
        #expect(points.first { $0.value == .double(4) }?.time == 1_700_000_010 * Self.second)
    }

    @Test("Over the limit series are gathered under the metric's name, then dropped; the next window is free again")
    func overflow() {
        var window = window { $0.maxSeries = 3 }
        for index in 0..<10 { _ = window.take("a:1|c|#i:\(index)") }
        #expect(window.take("a:1|c|#i:0") == .success(.taken))
        #expect(window.take("a:1|c|#i:11") == .success(.overflowed))
        for index in 0..<StatsDWindow.mostOverflowSeries { _ = window.take("n\(index):1|c") }
        #expect(window.take("last:1|c") == .success(.dropped))
        let families = window.close(at: window.end)
        #expect(families["a"]?.points.count == 4)
        #expect(families["a"]?.number("otel.metric.overflow=true") == 8)
        #expect(families["a"]?.number("i=0") == 2)
        #expect(window.take("last:1|c") == .success(.taken))
    }

    @Test("Memory is bounded: sets and wide histograms cannot grow past it")
    func memory() {
        var window = window { $0.maxBytes = 64 << 10 }
        for index in 0..<1000 { _ = window.take("s:x|s|#i:\(index)") }
        for index in -300..<300 { _ = window.take("h:1e\(index)|h|#i:1") }
        let families = window.close(at: window.end)
        #expect((families["s"]?.points.count ?? 0) < 32)
        guard case .exponential(let buckets)? = families["h"]?.points[0].value else { return }
        #expect(buckets.count == 600 && buckets.bucketCount <= ExponentialBuckets.mostBuckets)
    }

    @Test("A clock that jumps neither overlaps windows nor stops them")
    func clock() {
        var window = window()
        _ = window.take("a:1|c")
        let back = window.close(at: Self.begin - 3600 * Self.second)["a"]?.points[0]
        #expect(back?.start == Self.begin && back?.time == Self.begin + 1)
        let start = window.start
        #expect(start == Self.begin + 1)
        _ = window.take("a:1|c")
        let ahead = window.close(at: Self.begin + 3600 * Self.second)["a"]?.points[0]
        #expect(ahead?.start == start && ahead?.time == 1_700_000_010 * Self.second)
        #expect(window.start > Self.begin + 3590 * Self.second)
    }
}

@Suite struct ExponentialBucketsTests {
    @Test("Quantiles are within the stated error, for values over nine decades", arguments: [1, 2, 3] as [UInt64])
    func error(seed: UInt64) {
        var state = seed
        var values: [Double] = []
        var buckets = ExponentialBuckets()
        for _ in 0..<5000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = 0.001 * Double(state >> 44 + 1)
            values.append(value)
            buckets.add(value)
        }
        values.sort()
        #expect(buckets.scale == ExponentialBuckets.firstScale)
        for quantile in [0.01, 0.5, 0.9, 0.99, 1] {
            let exact = values[max(0, Int((quantile * 5000).rounded(.up)) - 1)]
            #expect(abs(buckets.quantile(quantile) - exact) / exact <= 0.0109, "seed \(seed), quantile \(quantile)")
        }
        #expect(buckets.count == 5000)
        #expect(buckets.positive.counts.reduce(0, +) == 5000)
    }

    @Test("Powers of two are the upper bounds of their buckets")
    func bounds() {
        var buckets = ExponentialBuckets()
        buckets.add(1)
        #expect(buckets.positive.offset == -1)
        var second = ExponentialBuckets()
        second.add(2)
        #expect(second.positive.offset == 31)
    }

    @Test("The whole range of doubles, negative ones and zero fit, with fewer buckets granted too")
    func extremes() {
        var buckets = ExponentialBuckets()
        for value in [0, Double.leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, 1e308, -1e308, 1] {
            buckets.add(value, granted: 20)
        }
        #expect(buckets.count == 6 && buckets.zeroCount == 1)
        #expect(buckets.positive.counts.count <= 20 && buckets.negative.counts.count <= 20)
        #expect(buckets.positive.counts.reduce(0, +) == 3 && buckets.negative.counts.reduce(0, +) == 2)
        #expect(buckets.quantile(0) == -1e308 || buckets.quantile(0) < 0)
        #expect(buckets.quantile(1) <= 1e308)
    }
}
