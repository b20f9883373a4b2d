import SpanTokens

/// What can be looked for in the spans of one frame.
struct FrameContent: Sendable {
    var times = FrameTimes()
    /// In rising order; the lowest bit is set when all spans have the token.
    var tokens: [UInt64] = []

    init() {}

    /// Takes what was gathered, and begins the next frame.
    init(finishing gathered: inout FrameTokens) {
        times = FrameTimes(spans: gathered.spans, minStart: gathered.minStart, maxStart: gathered.maxStart)
        tokens = gathered.finish()
    }

    /// Whether the frame holds a span with the token, and whether all have it.
    func find(_ token: UInt64) -> (some: Bool, all: Bool) {
        if tokens.first == FrameTokens.anything { return (true, false) }
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            if tokens[middle] < token { low = middle + 1 } else { high = middle }
        }
        guard low < tokens.count, tokens[low] & ~1 == token else { return (false, false) }
        return (true, tokens[low] & 1 == 1)
    }
}

extension FrameContent {
    /// Whether the frame holds a span with one of the tokens, and whether all have the same of them. They are in rising order:
    /// one walk over both.
    func find(anyOf wanted: [UInt64]) -> (some: Bool, all: Bool) {
        if tokens.first == FrameTokens.anything { return (true, false) }
        var (own, other, some) = (0, 0, false)
        while own < tokens.count, other < wanted.count {
            let token = tokens[own] & ~1
            if token == wanted[other] {
                if tokens[own] & 1 == 1 { return (true, true) }
                some = true
                own += 1
            } else if token < wanted[other] {
                own += 1
            } else {
                other += 1
            }
        }
        return (some, false)
    }
}

/// How many spans a frame holds and when they began, as they claim.
package struct FrameTimes: Sendable, Equatable {
    package var spans: UInt32 = 0
    /// `minStart` > `maxStart` where there is no span.
    package var minStart = UInt64.max
    package var maxStart: UInt64 = 0
}
