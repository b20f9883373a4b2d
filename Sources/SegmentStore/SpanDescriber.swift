import SpanTokens
import WireFormat

/// Makes what is to be known of a segment's spans, frame by frame: tokens for the index, and digests for the figures.
struct SpanDescriber: ~Copyable {
    let segment: Segment
    private var tokens: FrameTokens

    private let expectedSpans: Int

    init(_ segment: Segment, expectedSpans: Int) {
        self.segment = segment
        self.expectedSpans = expectedSpans
        tokens = FrameTokens(SpanToken(salt: segment.salt))
    }

    /// Describes the next frames, each of some traces requests. Index and figures get them under one lock: whoever makes the
    /// figures of earlier frames meanwhile sees where these begin.
    mutating func describe(_ frames: [[ArraySlice<UInt8>]]) {
        segment.draft.withLock { draft in
            // A segment that an earlier run began has frames that only its log tells the figures of.
            if draft == nil, segment.describedFrameCount == 0 { draft = SegmentDraft(expectedSpans: expectedSpans) }
            var contents: [FrameContent] = []
            for bodies in frames {
                for body in bodies {
                    body.withUnsafeBytes { body in tokens.add(body) { draft?.add($0) } }
                }
                draft?.finishFrame()
                contents.append(FrameContent(finishing: &tokens))
            }
            segment.grow { index in
                for content in contents { index.append(content) }
            }
        }
    }
}
