/// The eight bytes from `offset` on as a number, the first of them the highest: half of a trace id, or a span id.
@inlinable
public func bigEndian(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
    precondition(offset >= 0 && bytes.count - offset >= 8, "bigEndian: fewer than eight bytes")
    // The line above makes this load stay inside the span.
    return UInt64(bigEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
}
