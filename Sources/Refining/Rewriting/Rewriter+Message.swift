import WireFormat

extension Rewriter {
    /// Whether a message of that kind is changed even if nothing of a rule for secrets is seen in it.
    private func alwaysReads(_ kind: SignalKind) -> Bool {
        rules.enrichment != nil || (kind == .traces && !rules.sampling.isEmpty)
            || rules.redaction?.readsEverything == true
    }

    /// Appends the changed message to `output` and answers true; false, and nothing is appended, if nothing has to change.
    /// After a throw `output` is as it was.
    mutating func rewrite(
        _ message: Span<UInt8>, _ kind: SignalKind, limit: Int, into output: inout [UInt8]
    ) throws(WireError) -> Bool {
        sampledOutTotal = 0
        if redactedAny { for index in redacted.indices { redacted[index] = 0 } }
        redactedAny = false
        if let redaction = rules.redaction { hits.begin(message, redaction.literals) }
        guard hits.position < .max || alwaysReads(kind) else { return false }
        for index in sampledOut.indices { sampledOut[index] = 0 }

        let start = output.count
        splice = Splice(appendingTo: output, limit: limit)
        // The splice has the only reference now, so that it appends in place.
        output = []
        defer {
            output = splice.bytes
            splice = Splice(appendingTo: [])
        }
        do {
            let isChanged = try rewriteRequest(message, kind)
            if isChanged { try splice.finish(message) } else { splice.truncate(to: start) }
            return isChanged
        } catch {
            splice.truncate(to: start)
            throw error
        }
    }

    private mutating func rewriteRequest(_ message: Span<UInt8>, _ kind: SignalKind) throws(WireError) -> Bool {
        let place = TelemetryPlace(resourceOf: kind)
        var cursor = FieldCursor(message)
        var isChanged = false
        while let field = try cursor.next() {
            let start = field.start
            let lengthStart = cursor.offset
            guard field.number == 1 else {
                try cursor.skip(field)
                splice.copy(start..<cursor.offset, of: message)
                continue
            }
            let content = try cursor.readMessage(field)
            let (inner, end) = (content.base, cursor.offset)
            if !alwaysReads(kind), isClean(inner..<end, message) {
                splice.copy(start..<end, of: message)
                continue
            }
            let mark = splice.open(tag: start..<lengthStart, length: lengthStart..<inner, of: message)
            if kind == .traces && !rules.sampling.isEmpty || rules.enrichment != nil {
                let whole = message.extracting(inner..<end)
                try resource.look(at: FieldCursor(whole, base: inner), for: rules.enrichment, in: message)
            }
            var outcome = Outcome()
            if kind == .traces, hasSamplingRule(message) {
                outcome = try sampleResource(content, of: message)
            } else {
                outcome.isChanged = try rewrite(content, place, of: message, depth: 1) != .none
            }
            if outcome.dropped > 0, outcome.kept == 0 {
                splice.discard(mark, of: message)
                isChanged = true
                continue
            }
            if addAttributes(message) { outcome.isChanged = true }
            if outcome.isChanged {
                splice.close(mark, of: message)
                isChanged = true
            }
        }
        return isChanged
    }

    /// Appends another `resource` to the one that is open: protobuf merges the two.
    private mutating func addAttributes(_ message: Span<UInt8>) -> Bool {
        guard let enrichment = rules.enrichment, resource.missing > 0 else { return false }
        if resource.missing == enrichment.attributes.count {
            splice.insert(enrichment.all.span, of: message)
            return true
        }
        scratch.removeAll(keepingCapacity: true)
        for (attribute, isPresent) in zip(enrichment.attributes, resource.isPresent) where !isPresent {
            scratch += attribute.field
        }
        insertBytes(0x0A, scratch, of: message)
        return true
    }

    // MARK: sampling

    private struct Outcome {
        var kept = 0
        var dropped = 0
        var isChanged = false
    }

    /// Whether a rule is for the service of the resource in hand.
    private func hasSamplingRule(_ message: Span<UInt8>) -> Bool {
        let service = message.extracting(resource.service)
        return rules.sampling.contains { $0.service?.matches(service) ?? true }
    }

    private mutating func sampleResource(
        _ fields: consuming FieldCursor, of message: Span<UInt8>
    ) throws(WireError) -> Outcome {
        var cursor = fields
        var outcome = Outcome()
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes else {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: message)
                continue
            }
            let content = try cursor.readMessage(field)
            let head = FieldHead(tag: start..<lengthStart, length: lengthStart..<content.base)
            let end = cursor.absoluteOffset
            guard field.number == 2 else {
                if try rewritePart(content, .resourceSpans, field.number, head, end, of: message, depth: 1) {
                    outcome.isChanged = true
                }
                continue
            }
            let mark = splice.open(tag: head.tag, length: head.length, of: message)
            let scope = try sampleScope(content, of: message)
            outcome.kept += scope.kept
            outcome.dropped += scope.dropped
            if scope.dropped > 0, scope.kept == 0 {
                splice.discard(mark, of: message)
                outcome.isChanged = true
            } else if scope.isChanged {
                splice.close(mark, of: message)
                outcome.isChanged = true
            }
        }
        return outcome
    }

    private mutating func sampleScope(
        _ fields: consuming FieldCursor, of message: Span<UInt8>
    ) throws(WireError) -> Outcome {
        var cursor = fields
        var outcome = Outcome()
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.type == .bytes else {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: message)
                continue
            }
            let content = try cursor.readMessage(field)
            let head = FieldHead(tag: start..<lengthStart, length: lengthStart..<content.base)
            let end = cursor.absoluteOffset
            guard field.number == 2 else {
                if try rewritePart(content, .scopeSpans, field.number, head, end, of: message, depth: 2) {
                    outcome.isChanged = true
                }
                continue
            }
            switch try verdict(message.extracting(content.base..<end), at: content.base, message) {
            case .drop:
                skipHits(to: end, message)
                outcome.dropped += 1
                outcome.isChanged = true
            case .keep:
                outcome.kept += 1
                if try rewritePart(content, .scopeSpans, 2, head, end, of: message, depth: 2) {
                    outcome.isChanged = true
                }
            case .keepStating(let state):
                outcome.kept += 1
                outcome.isChanged = true
                let mark = splice.open(tag: head.tag, length: head.length, of: message)
                _ = try rewrite(content, .span, of: message, depth: 3, leavingOut: 3)
                insertBytes(0x1A, Array(state.utf8), of: message)
                splice.close(mark, of: message)
            }
        }
        return outcome
    }

    /// The first rule that fits decides.
    private mutating func verdict(_ span: Span<UInt8>, at base: Int, _ message: Span<UInt8>) throws(WireError)
        -> SamplingVerdict
    {
        let sight = try SpanSight(FieldCursor(span, base: base))
        for (index, rule) in rules.sampling.enumerated() {
            guard rule.service?.matches(message.extracting(resource.service)) ?? true,
                rule.name?.matches(message.extracting(sight.name)) ?? true
            else { continue }
            let verdict = SamplingVerdict(sight, rule, in: message)
            if verdict == .drop {
                sampledOut[index] += 1
                sampledOutTotal += 1
            }
            return verdict
        }
        return .keep
    }

    private mutating func insertBytes(_ tag: UInt8, _ content: [UInt8], of message: Span<UInt8>) {
        var head = InlineArray<10, UInt8>(repeating: 0)
        let digits = Varint.encode(content.count, into: &head)
        splice.insert([tag].span, of: message)
        splice.insert(head.span.extracting(first: digits), of: message)
        splice.insert(content.span, of: message)
    }

    /// One field of bytes, whose secrets are replaced. Answers whether it changed.
    private mutating func rewritePart(
        _ content: consuming FieldCursor, _ place: TelemetryPlace, _ number: UInt32, _ head: FieldHead, _ end: Int,
        of message: Span<UInt8>, depth: Int
    ) throws(WireError) -> Bool {
        let part = place.part(number)
        if case .other = part {
            splice.copy(head.tag.lowerBound..<end, of: message)
            return false
        }
        if isClean(content.base..<end, message) {
            splice.copy(head.tag.lowerBound..<end, of: message)
            return false
        }
        return try rewrite(content, part, head, end: end, of: message, depth: depth) != .none
    }
}
