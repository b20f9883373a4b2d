/// A field whose tag and length, or whose number, take a byte each, as do nearly all that a span has.
public struct ShortField {
    public let tag: UInt8
    /// Where its content lies.
    public let content: Range<Int>

    @inlinable
    init(tag: UInt8, content: Range<Int>) { (self.tag, self.content) = (tag, content) }

    /// Nil for another field, for one that does not fit, and where there is none: a `FieldCursor` tells what is there.
    @inlinable @inline(__always)
    public init?(in bytes: Span<UInt8>, at place: Int) {
        guard place >= 0, bytes.count - place >= 2 else { return nil }
        // The line above makes this load stay inside the span.
        let head = UInt16(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt16.self))
        let tag = UInt8(truncatingIfNeeded: head)
        let second = Int(head >> 8)
        guard tag < 0x80 else { return nil }
        let content =
            switch tag & 7 {
            case 0 where second < 0x80: place + 1..<place + 2
            case 1: place + 1..<place + 9
            case 2 where second < 0x80: place + 2..<place + 2 + second
            default: place..<Int.max
            }
        guard content.upperBound <= bytes.count else { return nil }
        self.init(tag: tag, content: content)
    }
}

/// Whether two stretches of the same length hold the same bytes. Compared from the end: names of one family differ there.
@inlinable @inline(__always)
public func equals(_ left: Span<UInt8>, _ range: Range<Int>, _ right: Span<UInt8>, from start: Int) -> Bool {
    precondition(
        range.lowerBound >= 0 && range.upperBound <= left.count && start >= 0 && right.count - start >= range.count,
        "equals: bytes that are not there")
    // The line above makes these loads stay inside the spans.
    var rest = range.count
    while rest >= 8 {
        rest -= 8
        let (one, other) = (
            left.bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound + rest, as: UInt64.self),
            right.bytes.unsafeLoadUnaligned(fromByteOffset: start + rest, as: UInt64.self)
        )
        if one != other { return false }
    }
    while rest > 0 {
        rest -= 1
        if left[range.lowerBound + rest] != right[start + rest] { return false }
    }
    return true
}
