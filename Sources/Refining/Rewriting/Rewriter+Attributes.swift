import WireFormat

extension Rewriter {
    /// A KeyValue: by the name of its key all of it is secret, or there are secrets in its texts.
    mutating func rewriteAttribute(
        _ content: consuming FieldCursor, _ head: FieldHead, end: Int, of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        guard let redaction = rules.redaction else { return .none }
        let start = content.base
        let bytes = source.extracting(start..<end)
        let isSecret = try hasSecretKey(FieldCursor(bytes, base: start), of: source, redaction)
        let mark = splice.open(tag: head.tag, length: head.length, of: source)
        let change =
            isSecret
            ? try maskFields(FieldCursor(bytes, base: start), .keyValue, of: source, depth: depth)
            : try rewriteKeyValue(FieldCursor(bytes, base: start), of: source, depth: depth)
        switch change {
        case .none: return .none
        case .secret where redaction.replacement.mode == .drop:
            skipHits(to: end, source)
            splice.discard(mark, of: source)
        default: splice.close(mark, of: source)
        }
        return .changed
    }

    /// Keys are compared when something of a rule was seen in them. If the key is not in front, as senders write it, or there
    /// are several, they are compared in any case.
    private mutating func hasSecretKey(
        _ fields: consuming FieldCursor, of source: Span<UInt8>, _ redaction: Redaction
    ) throws(WireError) -> Bool {
        var cursor = fields
        var isFirst = true
        while let field = try cursor.next() {
            guard field.number == 1, field.type == .bytes else {
                try cursor.skip(field)
                isFirst = false
                continue
            }
            let key = try cursor.readBytes(field)
            let wasSeen = hits.position < cursor.absoluteOffset
            if wasSeen || !isFirst || redaction.comparesEveryKey, redaction.keys.match(key, scratch: &finder.normal) {
                return true
            }
            isFirst = false
        }
        return false
    }

    private mutating func rewriteKeyValue(
        _ fields: consuming FieldCursor, of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        var cursor = fields
        var change = Change.none
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes, field.number == 1 || field.number == 2 else {
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
            let part: Change
            if field.number == 1 {
                part = rewriteText(head, content.base..<end, of: source)
            } else {
                let mark = splice.open(tag: head.tag, length: head.length, of: source)
                part = try rewriteValue(content, of: source, depth: depth + 1)
                if part != .none { splice.close(mark, of: source) }
            }
            if part != .none, change != .secret { change = part }
        }
        return change
    }

    /// An AnyValue.
    mutating func rewriteValue(
        _ fields: consuming FieldCursor, of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        try guardDepth(depth, fields.base)
        var cursor = fields
        var change = Change.none
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes else {
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
            var part = Change.none
            switch field.number {
            case 1, 7: part = rewriteText(head, content.base..<end, of: source)
            case 5, 6:
                let mark = splice.open(tag: head.tag, length: head.length, of: source)
                part =
                    field.number == 5
                    ? try rewriteArray(content, of: source, depth: depth + 1)
                    : try rewriteList(content, of: source, depth: depth + 1)
                if part != .none { splice.close(mark, of: source) }
            default: splice.copy(start..<end, of: source)
            }
            if part != .none, change != .secret { change = part }
        }
        return change
    }

    /// A KeyValueList.
    private mutating func rewriteList(
        _ fields: consuming FieldCursor, of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        var cursor = fields
        var change = Change.none
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes, field.number == 1 else {
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
            let part = try rewriteAttribute(content, head, end: end, of: source, depth: depth + 1)
            if part != .none, change != .secret { change = part }
        }
        return change
    }

    /// An ArrayValue. In command lines the secret stands in the element behind the flag that names it.
    private mutating func rewriteArray(
        _ fields: consuming FieldCursor, of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        var cursor = fields
        var change = Change.none
        var isAnnounced = false
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes, field.number == 1 else {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: source)
                continue
            }
            let content = try cursor.readMessage(field)
            let (inner, end) = (content.base, cursor.absoluteOffset)
            let isDue = isAnnounced
            let isClean = isClean(inner..<end, source)
            isAnnounced = isClean ? false : isSecretFlag(source.extracting(inner..<end))
            if isClean, !isDue {
                splice.copy(start..<end, of: source)
                continue
            }
            let mark = splice.open(tag: start..<lengthStart, length: lengthStart..<inner, of: source)
            let part =
                isDue && !isAnnounced
                ? try maskFields(content, .anyValue, of: source, depth: depth + 1)
                : try rewriteValue(content, of: source, depth: depth + 1)
            if part != .none { splice.close(mark, of: source) }
            if part != .none, change != .secret { change = part }
        }
        return change
    }

    /// Whether the AnyValue is a string such as `--password`.
    private mutating func isSecretFlag(_ value: Span<UInt8>) -> Bool {
        guard let redaction = rules.redaction, value.count > 3, value[0] == 0x0A, Int(value[1]) == value.count - 2,
            value[2] == UInt8(ascii: "-")
        else { return false }
        var name = 2
        while name < value.count, value[name] == UInt8(ascii: "-") { name += 1 }
        return name < value.count
            && redaction.keys.match(value.extracting(droppingFirst: name), scratch: &finder.normal)
    }

    func guardDepth(_ depth: Int, _ offset: Int) throws(WireError) {
        guard depth < Self.maximumDepth else { throw WireError(.nestedTooDeep(limit: Self.maximumDepth), at: offset) }
    }

    // MARK: values that are secret as a whole

    enum Masked {
        case keyValue
        case anyValue
        case arrayValue
        case list
    }

    /// Replaces every text and every run of bytes. Numbers and truth values stay.
    private mutating func maskFields(
        _ fields: consuming FieldCursor, _ message: Masked, of source: Span<UInt8>, depth: Int
    ) throws(WireError) -> Change {
        try guardDepth(depth, fields.base)
        var cursor = fields
        var change = Change.none
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes else {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: source)
                continue
            }
            let content = try cursor.readMessage(field)
            let (inner, end) = (content.base, cursor.absoluteOffset)
            let head = FieldHead(tag: start..<lengthStart, length: lengthStart..<inner)
            let next: Masked? =
                switch (message, field.number) {
                case (.keyValue, 2), (.arrayValue, 1): .anyValue
                case (.list, 1): .keyValue
                case (.anyValue, 5): .arrayValue
                case (.anyValue, 6): .list
                default: nil
                }
            if let next {
                let mark = splice.open(tag: head.tag, length: head.length, of: source)
                let part = try maskFields(content, next, of: source, depth: depth + 1)
                if part != .none {
                    splice.close(mark, of: source)
                    change = part
                }
            } else if message == .anyValue, field.number == 1 || field.number == 7, !isHarmless(source, inner..<end) {
                maskText(head, inner..<end, of: source)
                change = .secret
            } else if case .keyValue = message, field.number == 1, !isClean(inner..<end, source) {
                if rewriteText(head, inner..<end, of: source) != .none { change = .secret }
            } else {
                splice.copy(start..<end, of: source)
            }
        }
        return change
    }

    private mutating func maskText(_ head: FieldHead, _ content: Range<Int>, of source: Span<UInt8>) {
        guard let redaction = rules.redaction else { return }
        scratch.removeAll(keepingCapacity: true)
        redaction.replacement.append(for: source.extracting(content), to: &scratch)
        insertScratch(head.tag, of: source)
        count(0)
    }

    /// Nothing, a placeholder, or a truth value in words.
    private func isHarmless(_ source: Span<UInt8>, _ content: Range<Int>) -> Bool {
        let text = source.extracting(content)
        let all = 0..<text.count
        if SecretForm.isPlaceholder(text, all) { return true }
        guard text.count == 4 || text.count == 5 else { return false }
        let word = String(decoding: all.map { ASCII.lowercased(text[$0]) }, as: UTF8.self)
        return word == "true" || word == "false"
    }
}
