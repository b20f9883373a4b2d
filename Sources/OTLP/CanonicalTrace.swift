package import WireFormat

/// The spans of one or more traces in an order that follows from what they are, not from how they came: each resource and
/// each scope stands once, spans begin with the earliest, and a span that came twice in the same words stands once. Every
/// message in it is in canonical form.
package struct CanonicalTrace {
    fileprivate struct Entry {
        var start: UInt64
        var spanID: [UInt8]
        var bytes: [UInt8]

        func isBefore(_ other: Entry) -> Bool {
            if start != other.start { return start < other.start }
            if spanID != other.spanID { return spanID.lexicographicallyPrecedes(other.spanID) }
            return bytes.lexicographicallyPrecedes(other.bytes)
        }
    }

    /// A ResourceSpans or ScopeSpans without the messages that it repeats.
    fileprivate struct Shell {
        /// Before and behind what is repeated, whose field number is 2 in both.
        var head: [UInt8]
        var tail: [UInt8]

        init(_ canonical: [UInt8]) throws(WireError) {
            var cursor = FieldCursor(canonical.span)
            var end = 0
            if let field = try cursor.next(), field.number == 1 {
                try cursor.skip(field)
                end = cursor.offset
            }
            head = Array(canonical[..<end])
            tail = Array(canonical[end...])
        }

        var count: Int { head.count + tail.count }
    }

    fileprivate struct ScopeGroup {
        var key: [UInt8]
        var spans: [Entry] = []
    }

    fileprivate struct ResourceGroup {
        var key: [UInt8]
        var scopes: [ScopeGroup] = []
        var byScope: [[UInt8]: Int] = [:]
    }

    private var resources: [ResourceGroup] = []
    package private(set) var spanCount = 0

    /// Takes an ExportTraceServiceRequest. Groups without spans, and what OTLP does not define beside `resource_spans`, are
    /// left out: they are no trace's.
    package init(_ message: Span<UInt8>) throws(WireError) {
        var byResource: [[UInt8]: Int] = [:]
        var request = FieldCursor(message)
        while let field = try request.next() {
            guard field.number == 1 else {
                try request.skip(field)
                continue
            }
            let group = try request.readBytes(field)
            let key = try Self.shell(of: group, .resourceSpans)
            let index = byResource[key] ?? resources.count
            if index == resources.count {
                byResource[key] = index
                resources.append(ResourceGroup(key: key))
            }
            try resources[index].add(group)
        }
        sort()
    }

    package init(_ message: [UInt8]) throws(WireError) { try self.init(message.span) }

    private mutating func sort() {
        for resource in resources.indices {
            for scope in resources[resource].scopes.indices {
                var spans = resources[resource].scopes[scope].spans
                spans.sort { $0.isBefore($1) }
                var unique: [Entry] = []
                for span in spans where unique.last?.bytes != span.bytes { unique.append(span) }
                spanCount += unique.count
                resources[resource].scopes[scope].spans = unique
            }
            resources[resource].scopes.removeAll { $0.spans.isEmpty }
            resources[resource].scopes.sort { Self.isBefore($0.spans[0], $0.key, $1.spans[0], $1.key) }
        }
        resources.removeAll { $0.scopes.isEmpty }
        resources.sort { Self.isBefore($0.scopes[0].spans[0], $0.key, $1.scopes[0].spans[0], $1.key) }
    }

    /// Groups go by their first span; the same span may be in two, and then what is around it decides.
    private static func isBefore(_ left: Entry, _ leftKey: [UInt8], _ right: Entry, _ rightKey: [UInt8]) -> Bool {
        if left.isBefore(right) { return true }
        if right.isBefore(left) { return false }
        return leftKey.lexicographicallyPrecedes(rightKey)
    }

    /// What a message says besides the messages with field number 2, in canonical form.
    fileprivate static func shell(of group: Span<UInt8>, _ kind: MessageKind) throws(WireError) -> [UInt8] {
        var rest: [UInt8] = []
        var cursor = FieldCursor(group)
        while let field = try cursor.next() {
            try cursor.skip(field)
            guard field.number != 2 else { continue }
            group.extracting(field.start..<cursor.offset).withUnsafeBufferPointer { rest.append(contentsOf: $0) }
        }
        return try CanonicalWriter.message(rest.span, kind)
    }

    // MARK: writing

    /// The trace as requests of about `maxBytes` each, a span never cut; resources and scopes are said again in each.
    package func requests(maxBytes: Int = .max) throws(WireError) -> [[UInt8]] {
        var finished: [[UInt8]] = []
        var request = ProtobufWriter()
        var planned = 0
        for resource in resources {
            let shell = try Shell(resource.key)
            var scopes = ProtobufWriter()
            for scope in resource.scopes {
                let scopeShell = try Shell(scope.key)
                var spans = ProtobufWriter()
                for span in scope.spans {
                    if planned > 0, planned + span.bytes.count > maxBytes {
                        Self.close(&spans, scopeShell, into: &scopes)
                        Self.close(&scopes, shell, into: &request, number: 1)
                        finished.append(request.bytes)
                        (request, planned) = (ProtobufWriter(), 0)
                    }
                    if spans.bytes.isEmpty { planned += scopeShell.count + (scopes.bytes.isEmpty ? shell.count : 0) }
                    spans.bytes(2, span.bytes.span)
                    planned += span.bytes.count + 4
                }
                Self.close(&spans, scopeShell, into: &scopes)
            }
            Self.close(&scopes, shell, into: &request, number: 1)
        }
        if !request.bytes.isEmpty { finished.append(request.bytes) }
        return finished
    }

    /// Puts a group's messages between what stands around them, and the whole into what stands around that.
    private static func close(
        _ content: inout ProtobufWriter, _ shell: Shell, into outer: inout ProtobufWriter, number: UInt32 = 2
    ) {
        guard !content.bytes.isEmpty else { return }
        outer.appendVarint(UInt64(number) << 3 | 2)
        outer.appendVarint(UInt64(shell.count + content.bytes.count))
        outer.append(shell.head.span)
        outer.append(content.bytes.span)
        outer.append(shell.tail.span)
        content = ProtobufWriter()
    }
}

extension CanonicalTrace.ResourceGroup {
    fileprivate mutating func add(_ group: Span<UInt8>) throws(WireError) {
        var cursor = FieldCursor(group)
        while let field = try cursor.next() {
            guard field.number == 2 else {
                try cursor.skip(field)
                continue
            }
            let scope = try cursor.readBytes(field)
            let key = try CanonicalTrace.shell(of: scope, .scopeSpans)
            let index = byScope[key] ?? scopes.count
            if index == scopes.count {
                byScope[key] = index
                scopes.append(CanonicalTrace.ScopeGroup(key: key))
            }
            var spans = FieldCursor(scope)
            while let field = try spans.next() {
                guard field.number == 2 else {
                    try spans.skip(field)
                    continue
                }
                let bytes = try CanonicalWriter.message(try spans.readBytes(field), .span)
                scopes[index].spans.append(try CanonicalTrace.Entry(bytes))
            }
        }
    }
}

extension CanonicalTrace.Entry {
    fileprivate init(_ canonical: [UInt8]) throws(WireError) {
        var (start, spanID): (UInt64, [UInt8]) = (0, [])
        var cursor = FieldCursor(canonical.span)
        while let field = try cursor.next() {
            switch field.number {
            case 2: spanID = array(try cursor.readBytes(field))
            case 7: start = try cursor.readFixed64(field)
            default: try cursor.skip(field)
            }
        }
        self.init(start: start, spanID: spanID, bytes: canonical)
    }
}
