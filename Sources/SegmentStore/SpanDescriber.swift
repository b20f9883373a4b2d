import SpanTokens
import WireFormat

/// Makes what is to be known of a segment's spans, frame by frame: tokens for the index, and figures.
struct SpanDescriber: ~Copyable {
    let segment: Segment
    private var tokens: FrameTokens

    init(_ segment: Segment) {
        self.segment = segment
        tokens = FrameTokens(SpanToken(salt: segment.salt))
    }

    /// The traces requests of one frame, in their order.
    mutating func describe(_ bodies: some Sequence<[UInt8]>) -> FrameContent {
        segment.draft.withLock { draft in
            for body in bodies {
                body.withUnsafeBytes { body in tokens.add(body) { draft?.add($0) } }
            }
            draft?.finishFrame()
        }
        return FrameContent(finishing: &tokens)
    }
}
