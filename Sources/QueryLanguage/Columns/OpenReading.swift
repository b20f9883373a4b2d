import OTLP
import TraceAssembly
import TraceModel
import WireFormat

/// Settles the open parts of a query from stored requests, place by place: of each span as much is read as the conditions ask for. One
/// thread uses it.
package struct OpenReading {
    private let traceID: TraceID
    private let ids: [UInt64]
    private let questions: OpenQuestions

    private var resourceNotes: [UInt8]
    private var scopeNotes: [UInt8]
    private var notes: [UInt8]

    private var table = NodeTable()
    private var strange: [Int] = []
    private var strangeIDs: Set<UInt64> = []
    /// A request with the spans of strange nodes.
    private var message: [UInt8] = []

    /// For each open part of the query the nodes that satisfy it.
    package private(set) var yes: [NodeSet]

    package init(_ query: ShapeQuery) {
        traceID = query.traceID
        ids = query.ids
        yes = query.open.map { NodeSet(count: $0.nodes.count) }
        questions = OpenQuestions(query)
        notes = questions.blank
        (resourceNotes, scopeNotes) = (notes, notes)
    }

    // MARK: Places

    /// Begins with a place: the open nodes whose spans lie there.
    package mutating func begin(_ nodes: ArraySlice<Int32>) {
        table.empty(for: nodes.count)
        strange.removeAll(keepingCapacity: true)
        strangeIDs.removeAll(keepingCapacity: true)
        message.removeAll(keepingCapacity: true)
        for node in nodes {
            let node = Int(node)
            if questions.hasStrange, questions.isStrange(node) {
                strange.append(node)
                strangeIDs.insert(ids[node])
            } else {
                table.insert(ids[node], node)
            }
        }
    }

    /// A request of the place. What comes behind a fault in it is not seen.
    package mutating func read(_ request: Span<UInt8>) {
        try? walk(request)
        guard !strange.isEmpty else { return }
        let (wanted, trace) = (strangeIDs, traceID)
        _ = try? SpanFilter.copy(request, into: &message) { traceID, spanID in
            traceID.count == 16 && spanID.count == 8 && bigEndian(traceID, at: 0) == trace.high
                && bigEndian(traceID, at: 8) == trace.low && wanted.contains(bigEndian(spanID, at: 0))
        }
    }

    /// All requests of the place were read.
    package mutating func end() {
        guard !strange.isEmpty, let spans = try? decodeSpans(message.span) else { return }
        var values: [UInt64: SpanValue] = [:]
        for node in assemble(spans, as: traceID).nodes { if let span = node.span { values[node.spanID.value] = span } }
        for node in strange {
            guard let span = values[ids[node]] else { continue }
            for part in yes.indices where questions.isOpen(node, part) && questions.holds(part, span) {
                yes[part].insert(node)
            }
        }
    }

    // MARK: Walking

    private mutating func walk(_ request: Span<UInt8>) throws(WireError) {
        guard !table.isEmpty else { return }
        var cursor = FieldCursor(request)
        while let field = try cursor.next() {
            if field.number == 1 {
                try readResourceSpans(try cursor.readBytes(field))
            } else {
                try cursor.skip(field)
            }
        }
    }

    private mutating func readResourceSpans(_ bytes: Span<UInt8>) throws(WireError) {
        var isNoted = !questions.readsResources
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            if field.number == 2 {
                try readScopeSpans(try cursor.readBytes(field), of: bytes, &isNoted)
            } else {
                try cursor.skip(field)
            }
        }
    }

    private mutating func readScopeSpans(
        _ bytes: Span<UInt8>, of resource: Span<UInt8>, _ isResourceNoted: inout Bool
    ) throws(WireError) {
        var isNoted = !questions.readsScopes
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            guard field.number == 2 else {
                try cursor.skip(field)
                continue
            }
            let span = try cursor.readBytes(field)
            guard let node = try node(of: span) else { continue }
            // Nobody reads those of spans that are not asked for.
            if !isResourceNoted {
                isResourceNoted = true
                resourceNotes = questions.blank
                try questions.noteResource(resource, &resourceNotes)
            }
            if !isNoted {
                isNoted = true
                scopeNotes = questions.blank
                try questions.noteScope(bytes, &scopeNotes)
            }
            for index in notes.indices { notes[index] = resourceNotes[index] | scopeNotes[index] }
            if questions.readsSpans { try questions.noteSpan(span, &notes) }
            settle(node)
        }
    }

    /// Nil for a span that is not asked for.
    @inline(__always)
    private func node(of span: Span<UInt8>) throws(WireError) -> Int? {
        // Nearly all begin with both ids.
        if span.count >= 28, span[0] == 0x0A, span[1] == 16, span[18] == 0x12, span[19] == 8 {
            guard bigEndian(span, at: 10) == traceID.low, bigEndian(span, at: 2) == traceID.high else { return nil }
            return table.find(bigEndian(span, at: 20))
        }
        var cursor = FieldCursor(span)
        var isOwn = false
        var id: UInt64?
        while let field = try cursor.next() {
            switch field.number {
            case 1:
                let bytes = try cursor.readBytes(field)
                isOwn =
                    bytes.count == 16 && bigEndian(bytes, at: 0) == traceID.high
                    && bigEndian(bytes, at: 8) == traceID.low
                guard isOwn else { return nil }
            case 2:
                let bytes = try cursor.readBytes(field)
                guard bytes.count == 8 else { return nil }
                id = bigEndian(bytes, at: 0)
            default: try cursor.skip(field)
            }
            if isOwn, let id { return table.find(id) }
        }
        return nil
    }

    private mutating func settle(_ node: Int) {
        for part in yes.indices where questions.isOpen(node, part) {
            if questions.holds(part, node, notes) { yes[part].insert(node) } else { yes[part].remove(node) }
        }
    }
}

/// Finds nodes by the ids of their spans. Salted: senders choose ids.
private struct NodeTable {
    private var ids: [UInt64] = []
    /// -1 is free. As many as slots of `ids`, a power of two.
    private var nodes: [Int32] = []
    private var shift: UInt64 = 63
    private(set) var count = 0
    private let salt = UInt64.random(in: .min ... .max) | 1

    var isEmpty: Bool { count == 0 }

    mutating func empty(for wanted: Int) {
        var bits: UInt64 = 4
        while 1 << bits < wanted * 2 { bits += 1 }
        count = 0
        shift = 64 - bits
        let size = 1 << Int(bits)
        if nodes.count == size {
            for slot in nodes.indices { nodes[slot] = -1 }
        } else {
            nodes = Array(repeating: -1, count: size)
            ids = Array(repeating: 0, count: size)
        }
    }

    @inline(__always)
    private func slot(of id: UInt64) -> Int {
        let product = (id ^ salt).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ salt << 1)
        return Int((product.high ^ product.low) >> shift)
    }

    mutating func insert(_ id: UInt64, _ node: Int) {
        var slot = slot(of: id)
        while nodes[slot] >= 0 { slot = (slot + 1) & (nodes.count - 1) }
        ids[slot] = id
        nodes[slot] = Int32(truncatingIfNeeded: node)
        count += 1
    }

    @inline(__always)
    func find(_ id: UInt64) -> Int? {
        guard count > 0 else { return nil }
        var slot = slot(of: id)
        while nodes[slot] >= 0 {
            if ids[slot] == id { return Int(nodes[slot]) }
            slot = (slot + 1) & (nodes.count - 1)
        }
        return nil
    }
}
