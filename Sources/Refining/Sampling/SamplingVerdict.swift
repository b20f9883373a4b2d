import WireFormat

/// What becomes of a span.
enum SamplingVerdict: Equatable {
    case keep
    case drop
    /// With a `tracestate` that says for how many spans it stands.
    case keepStating(String)

    /// Errors are always kept, and stand for themselves. A span that somebody sampled before is kept where both would keep it,
    /// and stands for as many as the stricter of the two says.
    init(_ span: SpanSight, _ rule: SamplingRule, in source: Span<UInt8>) {
        guard !span.isError, rule.threshold.value > 0, let random = span.randomness(in: source) else {
            self = .keep
            return
        }
        let state = source.extracting(span.state).withUnsafeBufferPointer {
            SamplingState(String(decoding: $0, as: UTF8.self))
        }
        let randomness = state.randomness ?? random
        guard rule.threshold.keeps(randomness) else {
            self = .drop
            return
        }
        // A threshold that would not have kept this span is a mistake of who wrote it.
        if let earlier = state.threshold, earlier >= rule.threshold, earlier.keeps(randomness) {
            self = .keep
        } else {
            self = .keepStating(state.text(with: rule.threshold))
        }
    }
}
