import CLinux

/// Puts spans together by trace, those of a trace by their ids: dealt out by the upper bits of a hash first, so that only a few
/// are compared with each other.
struct TraceGroups {
    /// Places of spans.
    private var order: [UInt32]
    /// Where each part begins.
    private let starts: [Int]
    /// Drawn anew each time, so that nobody outside can choose ids that meet.
    private let seed = UInt64.random(in: .min ... .max)

    init(_ spans: UnsafeBufferPointer<HeldSpan>) {
        var bits: UInt64 = 0
        while bits < 24, spans.count >> Int(bits) > 12 { bits += 1 }
        let seed = seed
        let parts = spans.map { span -> UInt32 in
            let hash = TextHash.mix(span.span.traceLow ^ seed, span.span.traceHigh ^ 0x9E37_79B9_7F4A_7C15)
            return bits == 0 ? 0 : UInt32(truncatingIfNeeded: hash &>> (64 &- bits))
        }
        var starts = [Int](repeating: 0, count: 1 << Int(bits) + 1)
        for part in parts { starts[Int(part) + 1] &+= 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        var next = starts
        order = [UInt32](repeating: 0, count: spans.count)
        for (place, part) in parts.enumerated() {
            order[next[Int(part)]] = UInt32(truncatingIfNeeded: place)
            next[Int(part)] &+= 1
        }
        self.starts = starts
    }

    /// Calls `body` with the places of each trace's spans, those of one id together and in rising order of ids.
    mutating func forEach(_ spans: UnsafeBufferPointer<HeldSpan>, _ body: (UnsafeBufferPointer<UInt32>) -> Void) {
        let starts = starts
        order.withUnsafeMutableBufferPointer { order in
            for part in 1..<starts.count where starts[part - 1] < starts[part] {
                if part + 1 < starts.count {
                    for place in order[starts[part]..<starts[part + 1]] { Self.prefetch(spans, Int(place)) }
                }
                let places = UnsafeMutableBufferPointer(rebasing: order[starts[part - 1]..<starts[part]])
                Self.sort(places, spans)
                var first = 0
                for index in 1...places.count {
                    if index < places.count, Self.isOneTrace(spans[Int(places[first])], spans[Int(places[index])]) {
                        continue
                    }
                    body(UnsafeBufferPointer(rebasing: places[first..<index]))
                    first = index
                }
            }
        }
    }

    /// Spans of one trace lie far apart: those of the next part are asked for while this one is worked on.
    @inline(__always)
    private static func prefetch(_ spans: UnsafeBufferPointer<HeldSpan>, _ place: Int) {
        guard let span = spans.baseAddress.map({ UnsafeRawPointer($0 + place) }) else { return }
        hms_prefetch(span)
        hms_prefetch(span + 64)
    }

    @inline(__always)
    private static func isOneTrace(_ left: HeldSpan, _ right: HeldSpan) -> Bool {
        left.span.traceLow == right.span.traceLow && left.span.traceHigh == right.span.traceHigh
    }

    @inline(__always)
    private static func precedes(_ left: HeldSpan, _ right: HeldSpan) -> Bool {
        if left.span.traceLow != right.span.traceLow { return left.span.traceLow < right.span.traceLow }
        if left.span.traceHigh != right.span.traceHigh { return left.span.traceHigh < right.span.traceHigh }
        return left.span.spanID < right.span.spanID
    }

    private static func sort(_ places: UnsafeMutableBufferPointer<UInt32>, _ spans: UnsafeBufferPointer<HeldSpan>) {
        guard places.count <= 96 else {
            var large = places
            return large.sort { precedes(spans[Int($0)], spans[Int($1)]) }
        }
        for index in 1..<max(1, places.count) {
            let place = places[index]
            var target = index
            while target > 0, precedes(spans[Int(place)], spans[Int(places[target - 1])]) {
                places[target] = places[target - 1]
                target -= 1
            }
            places[target] = place
        }
    }
}
