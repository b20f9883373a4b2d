/// Builds an array out of pieces of one source. Pieces that follow each other are copied at once, and messages that became
/// shorter or longer get their length written anew.
package struct Splice {
    /// What is copied already; `pending` comes behind it.
    package private(set) var bytes: [UInt8]
    private var pending = 0..<0
    private let limit: Int
    /// `bytes` would have become longer than they may; what there is of them means nothing any more.
    package private(set) var isOutgrown = false

    package init(appendingTo bytes: consuming [UInt8], limit: Int = .max) {
        self.bytes = bytes
        self.limit = limit
    }

    /// A message whose content is being copied.
    package struct Mark {
        fileprivate let tagStart: Int
        fileprivate let lengthStart: Int
        fileprivate let contentStart: Int
    }

    package mutating func copy(_ piece: Range<Int>, of source: Span<UInt8>) {
        if pending.upperBound != piece.lowerBound { flush(source) }
        pending = pending.isEmpty ? piece : pending.lowerBound..<piece.upperBound
    }

    /// Copies a message's tag and length, and remembers where they are.
    package mutating func open(tag: Range<Int>, length: Range<Int>, of source: Span<UInt8>) -> Mark {
        let tagStart = bytes.count + pending.count
        copy(tag.lowerBound..<length.upperBound, of: source)
        return Mark(
            tagStart: tagStart, lengthStart: tagStart + tag.count, contentStart: tagStart + tag.count + length.count)
    }

    /// Puts bytes in that the source does not have.
    package mutating func insert(_ new: Span<UInt8>, of source: Span<UInt8>) {
        flush(source)
        append(new)
    }

    /// Ends a message whose content changed.
    package mutating func close(_ mark: Mark, of source: Span<UInt8>) {
        flush(source)
        guard !isOutgrown else { return }
        var length: [UInt8] = []
        var rest = bytes.count - mark.contentStart
        while rest >= 0x80 {
            length.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        length.append(UInt8(rest))
        bytes.replaceSubrange(mark.lengthStart..<mark.contentStart, with: length)
    }

    /// Takes a message back, tag and all.
    package mutating func discard(_ mark: Mark, of source: Span<UInt8>) {
        flush(source)
        guard !isOutgrown else { return }
        bytes.removeSubrange(mark.tagStart...)
    }

    package mutating func flush(_ source: Span<UInt8>) {
        if !pending.isEmpty { append(source.extracting(pending)) }
        pending = 0..<0
    }

    private mutating func append(_ piece: Span<UInt8>) {
        guard !isOutgrown, piece.count <= limit - bytes.count else {
            isOutgrown = true
            return
        }
        piece.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// Ends the building.
    package mutating func finish(_ source: Span<UInt8>) throws(WireError) {
        flush(source)
        // Lengths that became longer are not looked at before.
        if isOutgrown || bytes.count > limit { throw WireError(.outgrown(limit: limit), at: source.count) }
    }

    /// Takes everything back that came behind the first `count` bytes.
    package mutating func truncate(to count: Int) {
        pending = 0..<0
        bytes.removeSubrange(count...)
    }
}
