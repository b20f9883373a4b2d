/// Where a span's ids are, and whether they may stand. The scanner and the filter both decide with it, so that what one
/// counts as refused is what the other leaves out.
struct SpanIdentity {
    static let path = "resource_spans.scope_spans.spans"

    /// Where the span's content begins.
    var start = 0
    var traceIDStart = 0
    var traceIDCount = 0
    var spanIDStart = 0
    var spanIDCount = 0
    var parentStart = 0
    var parentCount = 0
    /// The first link with an id of wrong length.
    var link: LinkFault?

    struct LinkFault: Equatable {
        var field: StaticString
        var offset: Int
        var expected: Int
        var found: Int

        static func == (left: LinkFault, right: LinkFault) -> Bool { left.offset == right.offset }
    }

    /// A link without ids is allowed: senders write it for a context that was not valid when it was linked.
    @inline(__always)
    mutating func noteLinkTraceID(at offset: Int, count: Int) {
        guard count != 16, count != 0, link == nil else { return }
        link = LinkFault(field: "links.trace_id", offset: offset, expected: 16, found: count)
    }

    @inline(__always)
    mutating func noteLinkSpanID(at offset: Int, count: Int) {
        guard count != 8, count != 0, link == nil else { return }
        link = LinkFault(field: "links.span_id", offset: offset, expected: 8, found: count)
    }

    @inline(__always)
    var hasRightLengths: Bool {
        traceIDCount == 16 && spanIDCount == 8 && parentCount & ~8 == 0 && link == nil
    }

    /// The trace id's two halves; zero or meaningless unless `hasRightLengths`.
    @inline(__always)
    func traceID(in bytes: Span<UInt8>) -> (high: UInt64, low: UInt64) {
        (Self.bigEndian(bytes, traceIDStart), Self.bigEndian(bytes, traceIDStart &+ 8))
    }

    @inline(__always)
    func spanID(in bytes: Span<UInt8>) -> UInt64 { Self.bigEndian(bytes, spanIDStart) }

    @inline(__always)
    private static func bigEndian(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
        // The load checks that it stays inside the span.
        UInt64(bigEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// What is wrong with the span, nil if nothing is. `bytes` are the outermost message.
    func fault(in bytes: Span<UInt8>) -> WireError? {
        guard traceIDCount == 16 else {
            return wrong("trace_id", traceIDCount == 0 ? start : traceIDStart, expected: 16, found: traceIDCount)
        }
        guard spanIDCount == 8 else {
            return wrong("span_id", spanIDCount == 0 ? start : spanIDStart, expected: 8, found: spanIDCount)
        }
        guard parentCount == 0 || parentCount == 8 else {
            return wrong("parent_span_id", parentStart, expected: 8, found: parentCount)
        }
        if let link { return wrong("\(link.field)", link.offset, expected: link.expected, found: link.found) }
        if traceID(in: bytes) == (0, 0) { return WireError(.allZero, at: traceIDStart, field: Self.path + ".trace_id") }
        if spanID(in: bytes) == 0 { return WireError(.allZero, at: spanIDStart, field: Self.path + ".span_id") }
        return nil
    }

    private func wrong(_ field: String, _ offset: Int, expected: Int, found: Int) -> WireError {
        WireError(.wrongLength(expected: expected, found: found), at: offset, field: Self.path + "." + field)
    }
}
