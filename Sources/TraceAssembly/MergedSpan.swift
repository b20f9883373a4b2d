import OTLP
import TraceModel

/// All spans that arrived with one id.
struct MergedSpan {
    let spanID: SpanID
    /// The one that stands in the tree; nil for a placeholder.
    let span: SpanValue?
    /// How many times exactly `span` arrived.
    let copies: Int
    /// Different spans with the same id, each once.
    let variants: [SpanValue]
    /// How many copies of the variants were merged away.
    let variantCopies: Int

    /// The parent that the span names; a zero id names none.
    var parentID: SpanID? {
        guard let parent = span?.parentSpanID, !parent.isZero else { return nil }
        return parent
    }

    init(placeholder spanID: SpanID) {
        (self.spanID, span, copies, variants, variantCopies) = (spanID, nil, 0, [], 0)
    }

    /// The spans come with the same id, at least one. The one that ends last stands in the tree (a span that was sent
    /// before it ended gives way to the finished one), then the one that began first; what is left is decided by content.
    init(_ spans: [SpanValue]) {
        var copiesByContent: [SpanContent: (span: SpanValue, copies: Int)] = [:]
        for span in spans {
            copiesByContent[SpanContent(of: span), default: (span, 0)].copies += 1
        }
        let distinct = copiesByContent.sorted { $0.key < $1.key }.map(\.value)
        spanID = distinct[0].span.spanID
        span = distinct[0].span
        copies = distinct[0].copies
        variants = distinct.dropFirst().map(\.span)
        variantCopies = distinct.dropFirst().reduce(0) { $0 + $1.copies - 1 }
    }

    private init(single span: SpanValue) {
        (spanID, self.span, copies, variants, variantCopies) = (span.spanID, span, 1, [], 0)
    }

    /// One entry for each span id, by id.
    static func merge(_ spans: [SpanValue]) -> [MergedSpan] {
        let order = placesSorted(by: spans.map(\.spanID.value))
        var merged: [MergedSpan] = []
        merged.reserveCapacity(spans.count)
        var position = 0
        while position < order.count {
            var after = position + 1
            let first = spans[Int(order[position])]
            while after < order.count, spans[Int(order[after])].spanID == first.spanID { after += 1 }
            if after == position + 1 {
                merged.append(MergedSpan(single: first))
            } else {
                merged.append(MergedSpan(order[position..<after].map { spans[Int($0)] }))
            }
            position = after
        }
        return merged
    }
}
