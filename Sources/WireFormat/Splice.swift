/// Builds an array out of pieces of one source. Pieces that follow each other are copied at once, and messages that became
/// shorter get their length written anew.
struct Splice {
    /// What is copied already; `pending` comes behind it.
    private(set) var bytes: [UInt8]
    private var pending = 0..<0

    init(appendingTo bytes: consuming [UInt8]) { self.bytes = bytes }

    /// A message whose content is being copied.
    struct Mark {
        fileprivate let tagStart: Int
        fileprivate let lengthStart: Int
        fileprivate let contentStart: Int
    }

    mutating func copy(_ piece: Range<Int>, of source: Span<UInt8>) {
        if pending.upperBound != piece.lowerBound { flush(source) }
        pending = pending.isEmpty ? piece : pending.lowerBound..<piece.upperBound
    }

    /// Copies a message's tag and length, and remembers where they are.
    mutating func open(tag: Range<Int>, length: Range<Int>, of source: Span<UInt8>) -> Mark {
        let tagStart = bytes.count + pending.count
        copy(tag.lowerBound..<length.upperBound, of: source)
        return Mark(
            tagStart: tagStart, lengthStart: tagStart + tag.count, contentStart: tagStart + tag.count + length.count)
    }

    /// Ends a message that became shorter.
    mutating func close(_ mark: Mark, of source: Span<UInt8>) {
        flush(source)
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
    mutating func discard(_ mark: Mark, of source: Span<UInt8>) {
        flush(source)
        bytes.removeSubrange(mark.tagStart...)
    }

    mutating func flush(_ source: Span<UInt8>) {
        if !pending.isEmpty {
            source.extracting(pending).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        }
        pending = 0..<0
    }

    /// Takes everything back that came behind the first `count` bytes.
    mutating func truncate(to count: Int) {
        pending = 0..<0
        bytes.removeSubrange(count...)
    }
}
