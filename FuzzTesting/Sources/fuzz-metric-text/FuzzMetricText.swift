@testable import MetricDoors

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    check(UnsafeBufferPointer(start: data, count: size))
    return 0
}

/// One input: the first byte chooses which text the rest is.
private func check(_ input: UnsafeBufferPointer<UInt8>) {
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    switch choice & 3 {
    case 0: checkStatsD(bytes)
    case 1: checkExposition(bytes, isOpenMetrics: false)
    case 2: checkExposition(bytes, isOpenMetrics: true)
    default: checkPush(bytes)
    }
}

/// All lines go into one small window, so that its limits are reached, and what comes out is written as OTLP.
private func checkStatsD(_ bytes: [UInt8]) {
    var options = StatsDWindow.Options()
    options.maxSeries = 4
    options.maxBytes = 4096
    var window = StatsDWindow(options: options, now: 1_700_000_000_000_000_000)
    var isTaken = false
    for line in bytes.indices.split(whereSeparator: { bytes[$0] == UInt8(ascii: "\n") }) {
        let range = line.startIndex..<line.endIndex
        if let outcome = try? window.take(bytes.span, range), outcome != .dropped { isTaken = true }
        _ = try? DogStatsDMessage(bytes.span, range)
    }
    let families = window.close(at: window.end)
    precondition(isTaken != families.isEmpty, "what was taken comes out")
    checkPoints(families)
}

private func checkExposition(_ bytes: [UInt8], isOpenMetrics: Bool) {
    guard let exposition = try? ExpositionParser.parse(bytes, isOpenMetrics: isOpenMetrics, maxSamples: 50) else {
        return
    }
    let count = exposition.families.reduce(0) { $0 + $1.samples.count }
    precondition(count == exposition.sampleCount && count <= 50)
    precondition((exposition.faultCount == 0) == (exposition.firstFault == nil))
    var memory = ScrapeMemory()
    for now in [1_700_000_000_000_000_000, 1_700_000_015_000_000_000] as [UInt64] {
        let families = memory.families(exposition, now: now)
        precondition(memory.seriesCount <= 50)
        checkPoints(families)
    }
}

private func checkPush(_ bytes: [UInt8]) {
    guard let pushed = try? PushedMetrics(bytes) else { return }
    let families = pushed.families(now: 1_700_000_000_000_000_000)
    precondition(families.reduce(0) { $0 + $1.points.count } == pushed.samples.count)
    checkPoints(families)
}

private func checkPoints(_ families: [MetricFamily]) {
    var points = 0
    for family in families {
        points += family.points.count
        for point in family.points {
            precondition(point.start <= point.time, "a point that ends before it begins")
            if case .histogram(let value) = point.value {
                precondition(value.counts.count == value.bounds.count + 1)
                precondition(value.counts.reduce(0, &+) == value.count)
            }
            if case .exponential(let value) = point.value {
                let inBuckets = (value.positive.counts + value.negative.counts).reduce(value.zeroCount) { $0 &+ $1 }
                precondition(inBuckets == value.count, "buckets and count disagree")
                precondition((value.minimum...value.maximum).contains(value.quantile(0.5)))
            }
        }
    }
    let messages = OTLPMetricsWriter.messages(families, resource: [], scope: "fuzz")
    precondition(messages.reduce(0) { $0 + $1.items } == points)
}
