package import TraceModel
package import WireFormat
import LargeArrays

/// The spans of one trace in columns, as they came: what a tree and its rows need, 70 bytes a span, and nothing of what only a look
/// at one span shows. That is read again from where `place` says.
package struct SpanColumns: Sendable {
    package let traceID: TraceID

    package private(set) var id: [UInt64] = []
    /// 0 for none.
    package private(set) var parent: [UInt64] = []
    package private(set) var start: [UInt64] = []
    package private(set) var end: [UInt64] = []
    /// Of the span's bytes with those of its resource and scope: copies have the same.
    package private(set) var content: [UInt64] = []
    /// Into `operations`.
    package private(set) var operation: [UInt32] = []
    /// Into `hosts`.
    package private(set) var host: [UInt32] = []
    /// Into `texts`: what the status says.
    package private(set) var message: [UInt32] = []
    /// As whoever added it numbers places.
    package private(set) var place: [UInt32] = []
    /// 0 unset, 1 ok, 2 error.
    package private(set) var status: [UInt8] = []
    package private(set) var eventCount: [UInt16] = []
    package private(set) var linkCount: [UInt16] = []

    package private(set) var texts = TextTable()
    package private(set) var operations: [SpanOperation] = []
    package private(set) var hosts: [SpanHost] = []

    /// Numbers of operations by open addressing; -1 is free. A power of two.
    private var operationSlots = [Int32](repeating: -1, count: 64)
    private var hostNumbers: [SpanHost: UInt32] = [:]
    private let limits: SpanColumnLimits

    package init(of traceID: TraceID, limits: SpanColumnLimits = SpanColumnLimits()) {
        self.traceID = traceID
        self.limits = limits
        // Number 0 is nothing.
        _ = texts.intern(InlineArray<0, UInt8>(repeating: 0).span, atMost: 0)
    }

    /// Makes room for as many places as hold what those that were added do, so that nothing is copied while they come.
    package mutating func makeRoom(for places: Int) {
        let count = min(count * places, limits.spans)
        Self.makeRoom(&id, count)
        Self.makeRoom(&parent, count)
        Self.makeRoom(&start, count)
        Self.makeRoom(&end, count)
        Self.makeRoom(&content, count)
        Self.makeRoom(&operation, count)
        Self.makeRoom(&host, count)
        Self.makeRoom(&message, count)
        Self.makeRoom(&place, count)
        Self.makeRoom(&status, count)
        Self.makeRoom(&eventCount, count)
        Self.makeRoom(&linkCount, count)
    }

    private static func makeRoom<Value>(_ column: inout [Value], _ count: Int) {
        guard count > column.capacity else { return }
        var larger = [Value](roomFor: count)
        larger.append(contentsOf: column)
        column = larger
    }

    package var count: Int { id.count }
    /// Whether a bound was reached: what comes next is left out.
    package var isFull: Bool { count >= limits.spans || texts.byteCount >= limits.textBytes }

    package func service(_ index: Int) -> String { texts[Int(operations[Int(operation[index])].service)] }
    package func name(_ index: Int) -> String { texts[Int(operations[Int(operation[index])].name)] }

    /// Adds the trace's spans of an ExportTraceServiceRequest. Of a message that is malformed, those before the fault.
    package mutating func append(_ request: Span<UInt8>, place: UInt32) throws(WireError) {
        var cursor = FieldCursor(request)
        while let field = try cursor.next() {
            if field.number == 1 {
                try appendResourceSpans(try cursor.readBytes(field), place)
            } else {
                try cursor.skip(field)
            }
        }
    }

    // MARK: Walking

    private mutating func appendResourceSpans(_ bytes: Span<UInt8>, _ place: UInt32) throws(WireError) {
        var context = SpanContext()
        var isRead = false
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            guard field.number == 2 else {
                try cursor.skip(field)
                continue
            }
            let scope = try cursor.readBytes(field)
            guard try holdsSpan(scope) else { continue }
            if !isRead {
                context = try readContext(bytes)
                isRead = true
            }
            try appendScopeSpans(scope, context, place)
        }
    }

    /// Whether a ScopeSpans has spans of the trace: most of what is read has none where traces are small.
    private func holdsSpan(_ bytes: Span<UInt8>) throws(WireError) -> Bool {
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            guard field.number == 2 else {
                try cursor.skip(field)
                continue
            }
            var span = try cursor.readMessage(field)
            while let field = try span.next() {
                guard field.number == 1 else {
                    try span.skip(field)
                    continue
                }
                if isOwn(try span.readBytes(field)) { return true }
                break
            }
        }
        return false
    }

    private func isOwn(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count == 16 else { return false }
        return bigEndian(bytes, at: 0) == traceID.high && bigEndian(bytes, at: 8) == traceID.low
    }

    private mutating func appendScopeSpans(
        _ bytes: Span<UInt8>, _ context: SpanContext, _ place: UInt32
    ) throws(WireError) {
        var contextHash = context.content
        var first = FieldCursor(bytes)
        while let field = try first.next() {
            if field.number == 1 {
                contextHash = bytesHash(try first.readBytes(field), seed: contextHash)
            } else {
                try first.skip(field)
            }
        }
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            if field.number == 2, !isFull {
                try appendSpan(try cursor.readBytes(field), context, contextHash, place)
            } else {
                try cursor.skip(field)
            }
        }
    }

    private mutating func appendSpan(
        _ bytes: Span<UInt8>, _ context: SpanContext, _ contextHash: UInt64, _ place: UInt32
    ) throws(WireError) {
        var facts = SpanFields()
        var cursor = FieldCursor(bytes)
        var name = bytes.extracting(first: 0)
        var message = name
        var isOwn = false
        while let field = try cursor.next() {
            switch field.number {
            case 1:
                isOwn = self.isOwn(try cursor.readBytes(field))
                guard isOwn else { return }
            case 2: facts.id = id(try cursor.readBytes(field))
            case 4: facts.parent = id(try cursor.readBytes(field))
            case 5: name = try cursor.readBytes(field)
            case 6: facts.kind = UInt8(clamping: try cursor.readVarint(field))
            case 7: facts.start = try cursor.readFixed64(field)
            case 8: facts.end = try cursor.readFixed64(field)
            case 11:
                try cursor.skip(field)
                facts.events &+= facts.events < .max ? 1 : 0
            case 13:
                try cursor.skip(field)
                facts.links &+= facts.links < .max ? 1 : 0
            case 15:
                var status = try cursor.readMessage(field)
                while let field = try status.next() {
                    switch field.number {
                    case 2: message = try status.readBytes(field)
                    case 3: facts.status = UInt8(clamping: try status.readVarint(field))
                    default: try status.skip(field)
                    }
                }
            default: try cursor.skip(field)
            }
        }
        guard isOwn else { return }
        id.append(facts.id)
        parent.append(facts.parent)
        start.append(facts.start)
        end.append(facts.end)
        content.append(bytesHash(bytes, seed: contextHash))
        operation.append(number(context.service, name, facts.kind <= 5 ? facts.kind : 0))
        host.append(context.host)
        self.message.append(message.isEmpty ? 0 : texts.intern(message, atMost: limits.longestText))
        self.place.append(place)
        status.append(facts.status <= 2 ? facts.status : 0)
        eventCount.append(facts.events)
        linkCount.append(facts.links)
    }

    private mutating func number(_ service: UInt32, _ name: Span<UInt8>, _ kind: UInt8) -> UInt32 {
        let named = SpanOperation(
            service: service, name: name.isEmpty ? 0 : texts.intern(name, atMost: limits.longestText), kind: kind)
        // Neighbours are often of one operation.
        if let last = operation.last, operations[Int(last)] == named { return last }
        return number(named)
    }

    private mutating func number(_ named: SpanOperation) -> UInt32 {
        var slot = slot(of: named)
        while operationSlots[slot] >= 0 {
            if operations[Int(operationSlots[slot])] == named { return UInt32(operationSlots[slot]) }
            slot = (slot + 1) & (operationSlots.count - 1)
        }
        let number = operations.count
        operations.append(named)
        operationSlots[slot] = Int32(truncatingIfNeeded: number)
        if operations.count * 2 > operationSlots.count { growOperations() }
        return UInt32(number)
    }

    /// Texts got their numbers in the order in which they came: nobody chooses where an operation lies.
    private func slot(of named: SpanOperation) -> Int {
        let text = (UInt64(named.service) << 32 | UInt64(named.name)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: (text ^ text >> 29) &+ UInt64(named.kind) &* 0x2545_F491_4F6C_DD1D >> 7)
            & (operationSlots.count - 1)
    }

    private mutating func growOperations() {
        operationSlots = Array(repeating: -1, count: operationSlots.count * 2)
        for (number, named) in operations.enumerated() {
            var slot = slot(of: named)
            while operationSlots[slot] >= 0 { slot = (slot + 1) & (operationSlots.count - 1) }
            operationSlots[slot] = Int32(truncatingIfNeeded: number)
        }
    }

    // MARK: Joining

    /// Adds what was read of the same trace elsewhere, as if it had been read here after all that is here: as far as there is room.
    package mutating func append(_ other: consuming SpanColumns) {
        precondition(other.traceID == traceID, "SpanColumns: another trace")
        guard !isFull else { return }
        let room = 0..<min(other.count, limits.spans - count)
        let texts = (0..<other.texts.count).map { self.texts.intern(other.texts.utf8($0).span, atMost: .max) }
        let operations = other.operations.map {
            number(SpanOperation(service: texts[Int($0.service)], name: texts[Int($0.name)], kind: $0.kind))
        }
        let hosts = other.hosts.map {
            number(SpanHost(name: texts[Int($0.name)], service: texts[Int($0.service)]))
        }
        id += other.id[room]
        parent += other.parent[room]
        start += other.start[room]
        end += other.end[room]
        content += other.content[room]
        operation += other.operation[room].lazy.map { operations[Int($0)] }
        host += other.host[room].lazy.map { hosts[Int($0)] }
        message += other.message[room].lazy.map { texts[Int($0)] }
        place += other.place[room]
        status += other.status[room]
        eventCount += other.eventCount[room]
        linkCount += other.linkCount[room]
    }

    // MARK: Resources

    private mutating func readContext(_ resourceSpans: Span<UInt8>) throws(WireError) -> SpanContext {
        var context = SpanContext()
        var host = SpanHost(name: 0, service: 0)
        var rank = Int.max
        var hasService = false
        var cursor = FieldCursor(resourceSpans)
        while let field = try cursor.next() {
            guard field.number == 1 else {
                try cursor.skip(field)
                continue
            }
            let bytes = try cursor.readBytes(field)
            context.content = bytesHash(bytes, seed: context.content)
            var resource = FieldCursor(bytes)
            while let field = try resource.next() {
                guard field.number == 1 else {
                    try resource.skip(field)
                    continue
                }
                var pair = try resource.readMessage(field)
                var key = bytes.extracting(first: 0)
                var text = key
                while let field = try pair.next() {
                    switch field.number {
                    case 1: key = try pair.readBytes(field)
                    case 2:
                        var value = try pair.readMessage(field)
                        while let field = try value.next() {
                            if field.number == 1 { text = try value.readBytes(field) } else { try value.skip(field) }
                        }
                    default: try pair.skip(field)
                    }
                }
                if !hasService, Self.equals(key, "service.name") {
                    hasService = true
                    context.service = text.isEmpty ? 0 : texts.intern(text, atMost: limits.longestText)
                } else if !text.isEmpty, let place = Self.hostKeys.firstIndex(where: { Self.equals(key, $0) }),
                    place < rank
                {
                    rank = place
                    host.name = texts.intern(text, atMost: limits.longestText)
                }
            }
        }
        // Without a host a service is taken for one: its own clock is all that is known.
        if host.name == 0 { host.service = context.service }
        context.host = number(host)
        return context
    }

    private mutating func number(_ host: SpanHost) -> UInt32 {
        if let known = hostNumbers[host] { return known }
        let number = UInt32(hosts.count)
        hosts.append(host)
        hostNumbers[host] = number
        return number
    }

    /// What names the machine whose clock a span's times are from, the surest first.
    private static let hostKeys: [StaticString] = [
        "host.name", "host.id", "k8s.node.name", "k8s.pod.name", "container.id", "service.instance.id",
    ]

    private static func equals(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in
            for index in bytes.indices where bytes[index] != text[index] { return false }
            return true
        }
    }

    private func id(_ bytes: Span<UInt8>) -> UInt64 { bytes.count == 8 ? bigEndian(bytes, at: 0) : 0 }
}

/// How much of a trace is kept.
package struct SpanColumnLimits: Sendable {
    package var spans = 4_000_000
    package var textBytes = 64 << 20
    /// Names and messages are cut there.
    package var longestText = 1024

    package init() {}
}

/// What spans of one kind and name of a service have in common; texts by number.
package struct SpanOperation: Hashable, Sendable {
    package var service: UInt32
    package var name: UInt32
    package var kind: UInt8

    package init(service: UInt32, name: UInt32, kind: UInt8) {
        (self.service, self.name, self.kind) = (service, name, kind)
    }
}

/// A clock: a named host, or a service of which no host is known (`name` is 0 then).
package struct SpanHost: Hashable, Sendable {
    package var name: UInt32
    package var service: UInt32
}

private struct SpanContext {
    var service: UInt32 = 0
    var host: UInt32 = 0
    var content: UInt64 = 0
}

private struct SpanFields {
    var id: UInt64 = 0
    var parent: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var kind: UInt8 = 0
    var status: UInt8 = 0
    var events: UInt16 = 0
    var links: UInt16 = 0
}
