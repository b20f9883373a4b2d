import CLinux

/// Walks the spans of an ExportTraceServiceRequest and tells a sink their tokens. One pass; nothing is copied or allocated for
/// ordinary spans.
struct SpanWalk {
    private let tokens: SpanToken
    private let hash: TokenHash
    /// Room for the key of a member of a map.
    private var path: [UInt8] = []

    private let peers: PeerKeys

    /// How deep values may stand within each other before the rest has no tokens; queries look no deeper either.
    static let maximumDepth = 8

    init(_ tokens: SpanToken) {
        self.tokens = tokens
        hash = tokens.hash
        peers = PeerKeys(tokens)
    }

    mutating func walk(_ message: UnsafeRawBufferPointer, into sink: inout some TokenSink & ~Copyable) {
        var request = WireReader(message)
        while true {
            let tag = request.tag()
            if tag == 0 { return }
            if tag == WireTag.bytes(1) {
                resourceSpans(request.bytes(), &sink)
            } else {
                request.skip(tag)
            }
        }
    }

    private mutating func resourceSpans(_ message: UnsafeRawBufferPointer, _ sink: inout some TokenSink & ~Copyable) {
        var facts = SpanFacts(
            name: Self.nothing, service: Self.nothing, bytes: Self.nothing, peer: Self.nothing)
        sink.beginResource()
        // A resource may stand behind its spans, and in several pieces.
        var serviceIsKnown = false
        var first = WireReader(message)
        while true {
            let tag = first.tag()
            if tag == 0 { break }
            guard tag == WireTag.bytes(1) else {
                first.skip(tag)
                continue
            }
            let bytes = first.bytes()
            let known = sink.recall(resource: bytes) ?? resource(bytes, &sink)
            facts.contextHash = ContentHash.join(facts.contextHash, known.contentHash, .resource)
            if !serviceIsKnown, let service = known.service {
                serviceIsKnown = true
                facts.service = UnsafeRawBufferPointer(rebasing: bytes[service])
            }
        }
        facts.serviceHash = hash(facts.service)
        sink.resourceToken(tokens.service(serviceHash: facts.serviceHash))
        guard sink.admitsSpans() else { return sink.endResource() }
        var second = WireReader(message)
        while true {
            let tag = second.tag()
            if tag == 0 { break }
            if tag == WireTag.bytes(2) {
                scopeSpans(second.bytes(), facts, &sink)
            } else {
                second.skip(tag)
            }
        }
        sink.endResource()
    }

    private mutating func resource(
        _ bytes: UnsafeRawBufferPointer, _ sink: inout some TokenSink & ~Copyable
    ) -> KnownContext {
        var known = KnownContext(contentHash: ContentHash.of(bytes))
        var resource = WireReader(bytes)
        while true {
            let tag = resource.tag()
            if tag == 0 { break }
            guard tag == WireTag.bytes(1) else {
                resource.skip(tag)
                continue
            }
            let (key, value) = Self.pair(resource.bytes())
            attribute(key, value, depth: 0, &sink) { $0.resourceToken($1) }
            if known.service == nil, Self.isServiceName(key) {
                let name = Self.string(value)
                // An empty one may lie anywhere.
                let start = name.isEmpty ? 0 : name.baseAddress! - bytes.baseAddress!
                known.service = start..<start + name.count
            }
        }
        sink.learn(resource: known)
        return known
    }

    private mutating func scopeSpans(
        _ message: UnsafeRawBufferPointer, _ facts: SpanFacts, _ sink: inout some TokenSink & ~Copyable
    ) {
        sink.beginScope()
        var facts = facts
        var first = WireReader(message)
        while true {
            let tag = first.tag()
            if tag == 0 { break }
            guard tag == WireTag.bytes(1) else {
                if tag == WireTag.bytes(2) { Self.prefetch(ahead: first.bytes()) } else { first.skip(tag) }
                continue
            }
            let bytes = first.bytes()
            let known = sink.recall(scope: bytes) ?? scope(bytes, &sink)
            facts.contextHash = ContentHash.join(facts.contextHash, known.contentHash, .scope)
        }
        var second = WireReader(message)
        while true {
            let tag = second.tag()
            if tag == 0 { break }
            if tag == WireTag.bytes(2) {
                span(second.bytes(), facts, &sink)
            } else {
                second.skip(tag)
            }
        }
    }

    /// Has a span that comes some time after this one on its way into the cache, were they all as long. From span to span each
    /// address is known only when the one before has come, so that the look for scopes would wait for each of them.
    @inline(__always)
    private static func prefetch(ahead span: UnsafeRawBufferPointer) {
        guard let base = span.baseAddress else { return }
        // Nothing is read there: it may lie behind the message.
        let later = base + span.count * spansAhead
        for offset in stride(from: 0, to: min(span.count, longestPrefetch), by: 64) { hms_prefetch(later + offset) }
    }

    private static let spansAhead = 4
    private static let longestPrefetch = 1024

    private mutating func scope(
        _ bytes: UnsafeRawBufferPointer, _ sink: inout some TokenSink & ~Copyable
    ) -> KnownContext {
        var scope = WireReader(bytes)
        while true {
            let tag = scope.tag()
            if tag == 0 { break }
            switch tag {
            case WireTag.bytes(1): scopeText("scope.name", scope.bytes(), &sink)
            case WireTag.bytes(2): scopeText("scope.version", scope.bytes(), &sink)
            case WireTag.bytes(3):
                let (key, value) = Self.pair(scope.bytes())
                attribute(key, value, depth: 0, &sink) { $0.scopeToken($1) }
            default: scope.skip(tag)
            }
        }
        let known = KnownContext(contentHash: ContentHash.of(bytes))
        sink.learn(scope: known)
        return known
    }

    /// Name and version of a scope are found like attributes of these keys.
    private func scopeText(
        _ key: StaticString, _ text: UnsafeRawBufferPointer, _ sink: inout some TokenSink & ~Copyable
    ) {
        let keyHash = hash(UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        sink.scopeToken(tokens.exists(keyHash: keyHash))
        textToken(keyHash, text, &sink) { $0.scopeToken($1) }
    }

    private mutating func span(
        _ message: UnsafeRawBufferPointer, _ shared: SpanFacts, _ sink: inout some TokenSink & ~Copyable
    ) {
        var facts = shared
        facts.bytes = message
        var message = WireReader(message)
        while true {
            let tag = message.tag()
            if tag == 0 { break }
            switch tag {
            case WireTag.bytes(9) where sink.wantsAttributes:
                spanAttribute(message.bytes(), &facts, &sink)
            case WireTag.bytes(1): (facts.traceHigh, facts.traceLow) = message.bytes().traceID
            case WireTag.bytes(2): facts.spanID = message.bytes().spanID
            case WireTag.bytes(4): facts.parentID = message.bytes().spanID
            case WireTag.bytes(5): facts.name = message.bytes()
            case WireTag.varint(6):
                let kind = message.varint()
                facts.kind = kind <= 5 ? UInt8(kind) : 0
            case WireTag.fixed64(7): facts.start = message.fixed64()
            case WireTag.fixed64(8): facts.end = message.fixed64()
            case WireTag.bytes(11): event(message.bytes(), &sink)
            case WireTag.bytes(13): link(message.bytes(), &sink)
            case WireTag.bytes(15): status(message.bytes(), &facts, &sink)
            default: message.skip(tag)
            }
        }
        finish(&facts, &sink)
    }

    @inline(__always)
    private mutating func spanAttribute(
        _ bytes: UnsafeRawBufferPointer, _ facts: inout SpanFacts, _ sink: inout some TokenSink & ~Copyable
    ) {
        if let kind = sink.recall(attribute: bytes) {
            if kind != .none { notePeer(kind, Self.pair(bytes).value, &facts) }
            return
        }
        let (key, value) = Self.pair(bytes)
        let keyHash = hash(key)
        attribute(key, keyHash, value, depth: 0, &sink) { $0.spanToken($1) }
        let kind = peers.kind(keyHash) ?? .none
        if kind != .none { notePeer(kind, value, &facts) }
        sink.learn(attribute: kind)
    }

    private func notePeer(_ kind: SpanFacts.PeerKind, _ value: UnsafeRawBufferPointer, _ facts: inout SpanFacts) {
        guard kind.rawValue > facts.peerKind.rawValue else { return }
        let text = Self.string(value)
        if !text.isEmpty { (facts.peer, facts.peerKind) = (text, kind) }
    }

    @inline(__always)
    private func finish(_ facts: inout SpanFacts, _ sink: inout some TokenSink & ~Copyable) {
        let (service, name) = (facts.serviceHash, hash(facts.name))
        facts.nameHash = name
        let operation = tokens.operation(service, name, facts.kind, facts.status, hasParent: facts.parentID != 0)
        if !sink.recall(operation: operation) {
            sink.spanToken(tokens.name(nameHash: name))
            sink.spanToken(tokens.serviceAndName(service, name))
            sink.spanToken(tokens.kind(facts.kind))
            sink.spanToken(tokens.status(facts.status))
            if facts.parentID != 0 { sink.spanToken(tokens.hasParent) }
            if facts.status == 2 {
                sink.spanToken(tokens.serviceAndStatus(service, 2))
                sink.spanToken(tokens.serviceNameAndStatus(service, name, 2))
            }
            sink.learnOperation()
        }
        let bucket = NumberBucket.of(facts.duration)
        if !sink.recall(operation: operation, bucket: bucket) {
            sink.spanToken(tokens.duration(bucket: bucket))
            sink.spanToken(tokens.serviceAndDuration(service, bucket))
            sink.spanToken(tokens.nameAndDuration(name, bucket))
            if facts.status == 2 { sink.spanToken(tokens.statusAndDuration(2, bucket)) }
        }
        sink.span(facts)
    }

    private func status(
        _ bytes: UnsafeRawBufferPointer, _ facts: inout SpanFacts, _ sink: inout some TokenSink & ~Copyable
    ) {
        var message = WireReader(bytes)
        while true {
            let tag = message.tag()
            if tag == 0 { return }
            switch tag {
            case WireTag.bytes(2):
                let text = message.bytes()
                if !text.isEmpty { sink.spanToken(tokens.statusMessage(textHash: hash(text))) }
            case WireTag.varint(3):
                let code = message.varint()
                facts.status = code <= 2 ? UInt8(code) : 0
            default: message.skip(tag)
            }
        }
    }

    @inline(never)
    private mutating func event(_ bytes: UnsafeRawBufferPointer, _ sink: inout some TokenSink & ~Copyable) {
        // An empty name is not on the wire, and is a name nonetheless.
        var name = Self.nothing
        defer { sink.spanToken(tokens.eventName(textHash: hash(name))) }
        var message = WireReader(bytes)
        while true {
            let tag = message.tag()
            if tag == 0 { return }
            switch tag {
            case WireTag.bytes(2): name = message.bytes()
            case WireTag.bytes(3):
                let (key, value) = Self.pair(message.bytes())
                attribute(key, value, depth: 0, &sink) { $0.spanToken($1) }
            default: message.skip(tag)
            }
        }
    }

    @inline(never)
    private mutating func link(_ bytes: UnsafeRawBufferPointer, _ sink: inout some TokenSink & ~Copyable) {
        // Ids that are not on the wire are zero.
        var trace: (high: UInt64, low: UInt64) = (0, 0)
        var span: UInt64 = 0
        defer {
            sink.spanToken(tokens.linkTrace(high: trace.high, low: trace.low))
            sink.spanToken(tokens.linkSpan(span))
        }
        var message = WireReader(bytes)
        while true {
            let tag = message.tag()
            if tag == 0 { return }
            switch tag {
            case WireTag.bytes(1): trace = message.bytes().traceID
            case WireTag.bytes(2): span = message.bytes().spanID
            case WireTag.bytes(4):
                let (key, value) = Self.pair(message.bytes())
                attribute(key, value, depth: 0, &sink) { $0.spanToken($1) }
            default: message.skip(tag)
            }
        }
    }

    // MARK: Attributes

    /// A KeyValue's key and the bytes of its AnyValue.
    @inline(__always)
    private static func pair(
        _ bytes: UnsafeRawBufferPointer
    ) -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        var key = nothing
        var value = nothing
        var message = WireReader(bytes)
        while true {
            let tag = message.tag()
            if tag == 0 { return (key, value) }
            switch tag {
            case WireTag.bytes(1): key = message.bytes()
            case WireTag.bytes(2): value = message.bytes()
            default: message.skip(tag)
            }
        }
    }

    @inline(__always)
    private mutating func attribute<Sink: TokenSink & ~Copyable>(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, depth: Int, _ sink: inout Sink,
        _ emit: (inout Sink, UInt64) -> Void
    ) {
        guard sink.wantsAttributes else { return }
        attribute(key, hash(key), value, depth: depth, &sink, emit)
    }

    @inline(__always)
    private mutating func attribute<Sink: TokenSink & ~Copyable>(
        _ key: UnsafeRawBufferPointer, _ keyHash: UInt64, _ value: UnsafeRawBufferPointer, depth: Int,
        _ sink: inout Sink, _ emit: (inout Sink, UInt64) -> Void
    ) {
        // A map has members of other keys.
        guard sink.wants(keyHash: keyHash) || !Self.isPlain(value) else { return }
        emit(&sink, tokens.exists(keyHash: keyHash))
        // Most values are a short string and nothing else.
        if value.count >= 2, value.count < 128, value[0] == 0x0A, Int(value[1]) == value.count &- 2 {
            textToken(keyHash, UnsafeRawBufferPointer(rebasing: value[2...]), &sink, emit)
            return
        }
        self.value(value, key: key, keyHash: keyHash, depth: depth, &sink, emit)
    }

    @inline(__always)
    private func textToken<Sink: TokenSink & ~Copyable>(
        _ keyHash: UInt64, _ text: UnsafeRawBufferPointer, _ sink: inout Sink,
        _ emit: (inout Sink, UInt64) -> Void
    ) {
        switch CanonicalNumber(text) {
        case nil: emit(&sink, tokens.equals(keyHash: keyHash, textHash: hash(text)))
        case .integer(let value): integerTokens(keyHash, value, &sink, emit)
        case .decimal(let value): decimalTokens(keyHash, value, &sink, emit)
        }
    }

    @inline(__always)
    private func integerTokens<Sink: TokenSink & ~Copyable>(
        _ keyHash: UInt64, _ value: Int64, _ sink: inout Sink, _ emit: (inout Sink, UInt64) -> Void
    ) {
        emit(&sink, tokens.equals(keyHash: keyHash, integer: value))
        if let bucket = NumberBucket.of(Double(value)) {
            emit(&sink, tokens.number(keyHash: keyHash, bucket: bucket))
        }
    }

    private func decimalTokens<Sink: TokenSink & ~Copyable>(
        _ keyHash: UInt64, _ value: Double, _ sink: inout Sink, _ emit: (inout Sink, UInt64) -> Void
    ) {
        if let integer = CanonicalNumber.whole(value) {
            emit(&sink, tokens.equals(keyHash: keyHash, integer: integer))
        } else if value.isFinite {
            emit(&sink, tokens.equals(keyHash: keyHash, decimal: value))
        } else {
            emit(&sink, tokens.equals(keyHash: keyHash, textHash: tokens.hash(of: CanonicalNumber.text(value))))
        }
        if let bucket = NumberBucket.of(value) { emit(&sink, tokens.number(keyHash: keyHash, bucket: bucket)) }
    }

    /// The last field of an AnyValue counts.
    @inline(never)
    private mutating func value<Sink: TokenSink & ~Copyable>(
        _ bytes: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, keyHash: UInt64, depth: Int, _ sink: inout Sink,
        _ emit: (inout Sink, UInt64) -> Void
    ) {
        var message = WireReader(bytes)
        var kind: UInt32 = 0
        var content = Self.nothing
        var number: UInt64 = 0
        while true {
            let tag = message.tag()
            if tag == 0 { break }
            switch tag {
            case WireTag.bytes(1), WireTag.bytes(5), WireTag.bytes(6), WireTag.bytes(7):
                (kind, content) = (tag >> 3, message.bytes())
            case WireTag.varint(2), WireTag.varint(3): (kind, number) = (tag >> 3, message.varint())
            case WireTag.fixed64(4): (kind, number) = (tag >> 3, message.fixed64())
            default: message.skip(tag)
            }
        }
        switch kind {
        case 1: textToken(keyHash, content, &sink, emit)
        case 2:
            let text: StaticString = number != 0 ? "true" : "false"
            let bytes = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            emit(&sink, tokens.equals(keyHash: keyHash, textHash: hash(bytes)))
        case 3: integerTokens(keyHash, Int64(bitPattern: number), &sink, emit)
        case 4: decimalTokens(keyHash, Double(bitPattern: number), &sink, emit)
        case 5 where depth < Self.maximumDepth: elements(content, key, keyHash, depth, &sink, emit)
        case 6 where depth < Self.maximumDepth && key.count < SpanToken.longestJoinedKey:
            members(content, key, depth, &sink, emit)
        case 7: emit(&sink, base64Token(keyHash, content))
        default: break
        }
    }

    private mutating func elements<Sink: TokenSink & ~Copyable>(
        _ bytes: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ keyHash: UInt64, _ depth: Int,
        _ sink: inout Sink, _ emit: (inout Sink, UInt64) -> Void
    ) {
        var message = WireReader(bytes)
        while true {
            let tag = message.tag()
            if tag == 0 { return }
            if tag == WireTag.bytes(1) {
                value(message.bytes(), key: key, keyHash: keyHash, depth: depth + 1, &sink, emit)
            } else {
                message.skip(tag)
            }
        }
    }

    /// A map's members are attributes of their own, under the map's key, a dot and theirs.
    private mutating func members<Sink: TokenSink & ~Copyable>(
        _ bytes: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ depth: Int, _ sink: inout Sink,
        _ emit: (inout Sink, UInt64) -> Void
    ) {
        var message = WireReader(bytes)
        while true {
            let tag = message.tag()
            if tag == 0 { return }
            guard tag == WireTag.bytes(1) else {
                message.skip(tag)
                continue
            }
            let (name, value) = Self.pair(message.bytes())
            guard key.count + 1 + name.count <= SpanToken.longestJoinedKey else { continue }
            // Taken out, so that a member that is a map itself finds room of its own.
            var joined: [UInt8] = []
            swap(&joined, &path)
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: key)
            joined.append(UInt8(ascii: "."))
            joined.append(contentsOf: name)
            joined.withUnsafeBytes { attribute($0, value, depth: depth + 1, &sink, emit) }
            swap(&joined, &path)
        }
    }

    /// Bytes are found by their base64, which may be written like a number.
    private func base64Token(_ keyHash: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        appendBase64(bytes, to: &text)
        return text.withUnsafeBytes { text in
            switch CanonicalNumber(text) {
            case .integer(let value): tokens.equals(keyHash: keyHash, integer: value)
            case .decimal(let value): tokens.equals(keyHash: keyHash, decimal: value)
            case nil: tokens.equals(keyHash: keyHash, textHash: hash(text))
            }
        }
    }

    /// Whether an AnyValue is certainly one string, bool or number and nothing else.
    @inline(__always)
    private static func isPlain(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 2 else { return false }
        switch value[0] {
        case 0x0A: return value[1] < 0x80 && Int(value[1]) == value.count &- 2
        case 0x10, 0x18: return value.dropFirst().firstIndex { $0 < 0x80 } == value.count &- 1
        case 0x21: return value.count == 9
        default: return false
        }
    }

    @inline(__always)
    private static func string(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var text = nothing
        var message = WireReader(value)
        while true {
            let tag = message.tag()
            if tag == 0 { return text }
            if tag == WireTag.bytes(1) {
                text = message.bytes()
            } else {
                // Another value behind it takes its place.
                if tag >> 3 <= 7 { text = nothing }
                message.skip(tag)
            }
        }
    }

    @inline(__always)
    private static func isServiceName(_ key: UnsafeRawBufferPointer) -> Bool {
        let name: StaticString = "service.name"
        guard key.count == name.utf8CodeUnitCount, key[0] == UInt8(ascii: "s") else { return false }
        return name.withUTF8Buffer { name in key.elementsEqual(name) }
    }

    /// Has an address, as a span of bytes needs one.
    private static var nothing: UnsafeRawBufferPointer {
        let text: StaticString = ""
        return UnsafeRawBufferPointer(start: text.utf8Start, count: 0)
    }
}

/// Bytes as text, the way queries name them.
func appendBase64(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    alphabet.withUTF8Buffer { alphabet in
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let word =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            text.append(alphabet[Int(word >> 18)])
            text.append(alphabet[Int(word >> 12 & 63)])
            text.append(left > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "="))
            text.append(left > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "="))
            index += 3
        }
    }
}
