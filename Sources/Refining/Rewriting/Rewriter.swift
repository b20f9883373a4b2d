import WireFormat

/// Copies a message with changes, from front to back, and copies nothing as long as nothing changed. Keeps its buffers between
/// messages.
struct Rewriter {
    /// What became of a part of the message.
    enum Change {
        case none
        /// Inside of it.
        case changed
        /// It holds a secret, which has been replaced; the attribute around it is to go.
        case secret
    }

    static let maximumDepth = 64

    var rules: RefiningRules
    var hits = HitStream()
    var finder = SecretFinder()
    var splice = Splice(appendingTo: [])
    /// By rule, in the order of `Redaction.ruleNames`.
    var redacted: [Int] = []
    var redactedAny = false
    /// By rule.
    var sampledOut: [Int] = []
    var sampledOutTotal = 0
    var scratch: [UInt8] = []
    var resource = ResourceSight()

    init(_ rules: RefiningRules) { self.rules = rules }

    /// Whether there is nothing to do in `range`, which the hits before it are not needed for any more.
    mutating func isClean(_ range: Range<Int>, _ source: Span<UInt8>) -> Bool {
        guard let redaction = rules.redaction else { return true }
        if hits.position < range.lowerBound { hits.skip(to: range.lowerBound, source, redaction.literals) }
        return hits.position >= range.upperBound && !redaction.readsEverything
    }

    mutating func skipHits(to end: Int, _ source: Span<UInt8>) {
        if let redaction = rules.redaction { hits.skip(to: end, source, redaction.literals) }
    }

    /// Copies a message's fields, without the secrets in them.
    mutating func rewrite(
        _ fields: consuming FieldCursor, _ place: TelemetryPlace, of source: Span<UInt8>, depth: Int,
        leavingOut omitted: UInt32 = 0
    ) throws(WireError) -> Change {
        var cursor = fields
        var change = Change.none
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            if field.number == omitted {
                try cursor.skip(field)
                change = .changed
                continue
            }
            let part = place.part(field.number)
            if case .other = part {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: source)
                continue
            }
            let content = try cursor.readMessage(field)
            let end = cursor.absoluteOffset
            if isClean(content.base..<end, source) {
                splice.copy(start..<end, of: source)
                continue
            }
            let head = FieldHead(tag: start..<lengthStart, length: lengthStart..<content.base)
            if try rewrite(content, part, head, end: end, of: source, depth: depth) != .none { change = .changed }
        }
        return change
    }

    /// One field of bytes that may hold secrets.
    mutating func rewrite(
        _ content: consuming FieldCursor, _ part: TelemetryPlace.Part, _ head: FieldHead, end: Int,
        of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        guard depth < Self.maximumDepth else {
            throw WireError(.nestedTooDeep(limit: Self.maximumDepth), at: content.base)
        }
        switch part {
        case .other: return .none
        case .text: return rewriteText(head, content.base..<end, of: source)
        case .attribute: return try rewriteAttribute(content, head, end: end, of: source, depth: depth + 1)
        case .value:
            let mark = splice.open(tag: head.tag, length: head.length, of: source)
            let change = try rewriteValue(content, of: source, depth: depth + 1)
            if change != .none { splice.close(mark, of: source) }
            return change
        case .message(let place):
            let mark = splice.open(tag: head.tag, length: head.length, of: source)
            let change = try rewrite(content, place, of: source, depth: depth + 1)
            if change != .none { splice.close(mark, of: source) }
            return change
        }
    }

    /// A field's text, or its bytes that may be one.
    mutating func rewriteText(_ head: FieldHead, _ content: Range<Int>, of source: Span<UInt8>) -> Change {
        guard let redaction = rules.redaction, hasSecrets(content, source, redaction) else {
            splice.copy(head.tag.lowerBound..<content.upperBound, of: source)
            return .none
        }
        scratch.removeAll(keepingCapacity: true)
        var copied = content.lowerBound
        for secret in finder.ranges {
            let range = content.lowerBound + secret.start..<content.lowerBound + secret.end
            append(source.extracting(copied..<range.lowerBound))
            redaction.replacement.append(for: source.extracting(range), to: &scratch)
            copied = range.upperBound
            count(secret.rule + 1)
        }
        append(source.extracting(copied..<content.upperBound))
        insertScratch(head.tag, of: source)
        return .secret
    }

    private mutating func hasSecrets(_ content: Range<Int>, _ source: Span<UInt8>, _ redaction: Redaction) -> Bool {
        let text = source.extracting(content)
        finder.begin()
        if hits.position < content.lowerBound { hits.skip(to: content.lowerBound, source, redaction.literals) }
        while hits.position < content.upperBound {
            let hit = hits.take(source, redaction.literals)
            finder.note(hit.literal, at: hit.start - content.lowerBound, in: text, redaction)
        }
        return finder.finish(text, redaction)
    }

    /// Writes a field with the tag of another one and the content that was put together.
    mutating func insertScratch(_ tag: Range<Int>, of source: Span<UInt8>) {
        splice.copy(tag, of: source)
        let content = scratch
        var length = InlineArray<10, UInt8>(repeating: 0)
        let digits = Varint.encode(content.count, into: &length)
        splice.insert(length.span.extracting(first: digits), of: source)
        splice.insert(content.span, of: source)
    }

    mutating func count(_ rule: Int) {
        redacted[rule] += 1
        redactedAny = true
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { scratch.append(contentsOf: $0) }
    }
}

/// A field of bytes before its content: tag and length.
struct FieldHead {
    var tag: Range<Int>
    var length: Range<Int>
}

enum Varint {
    /// Returns how many bytes it took.
    static func encode(_ value: Int, into bytes: inout InlineArray<10, UInt8>) -> Int {
        var rest = UInt64(value)
        var count = 0
        while rest >= 0x80 {
            bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            count += 1
        }
        bytes[count] = UInt8(rest)
        return count + 1
    }
}
