import OTLP
import TraceModel
import WireFormat

/// What is read of spans as they lie in stored requests to settle the open parts of a query.
///
/// A reference: whoever reads many spans has it at hand without counting who else has what it is made of.
final class OpenQuestions: Sendable {
    /// A leaf that is read, over all parts.
    private struct Leaf {
        enum Subject {
            case attribute
            case eventName, linkTraceID, linkSpanID, scopeName, scopeVersion
        }
        var subject: Subject
        var test: FieldTest
    }
    private struct Part {
        var open: ShapeQuery.OpenPart
        /// For each leaf of the condition the number of the one that is read; nil where columns have told.
        var leaves: [Int?]
    }
    /// Of a leaf, as bits of a note: the field is there; some value of it satisfies the test.
    private static let exists: UInt8 = 1
    private static let contains: UInt8 = 2

    private let parts: [Part]
    private let leaves: [Leaf]
    /// For each leaf the bits of its note that decide, and how they have to be.
    private let wanted: [(among: UInt8, are: UInt8)]
    private let attributes: AttributeLeaves
    private let ofEvents: [Int]
    private let ofLinks: [Int]
    private let ofScopes: [Int]
    let readsResources: Bool
    let readsScopes: Bool
    private let readsAttributes: Bool
    private let readsEvents: Bool
    private let readsLinks: Bool
    var readsSpans: Bool { readsAttributes || readsEvents || readsLinks }

    /// A note for each leaf, of which nothing is known.
    var blank: [UInt8] { [UInt8](repeating: 0, count: leaves.count) }

    init(_ query: ShapeQuery) {
        var leaves: [Leaf] = []
        var searches: [(leaf: Int, search: AttributeSearch)] = []
        var (events, links, scopes): ([Int], [Int], [Int]) = ([], [], [])
        parts = query.open.map { open in
            Part(
                open: open,
                leaves: open.condition.leaves.indices.map { index in
                    guard open.told[index].isRead else { return nil }
                    let number = leaves.count
                    switch open.condition.leaves[index] {
                    case .attribute(let search, let test):
                        leaves.append(Leaf(subject: .attribute, test: test))
                        searches.append((number, search))
                    case .property(let property, let test):
                        let subject: Leaf.Subject? =
                            switch property {
                            case .eventName: .eventName
                            case .linkTraceID: .linkTraceID
                            case .linkSpanID: .linkSpanID
                            case .scopeName: .scopeName
                            case .scopeVersion: .scopeVersion
                            default: nil
                            }
                        guard let subject else { preconditionFailure("OpenQuestions: \(property) stands in columns") }
                        switch subject {
                        case .eventName: events.append(number)
                        case .linkTraceID, .linkSpanID: links.append(number)
                        default: scopes.append(number)
                        }
                        leaves.append(Leaf(subject: subject, test: test))
                    }
                    return number
                })
        }
        self.leaves = leaves
        wanted = leaves.map { leaf in
            switch leaf.test {
            case .exists: (Self.exists, Self.exists)
            case .some: (Self.contains, Self.contains)
            case .none: (Self.exists | Self.contains, Self.exists)
            }
        }
        (ofEvents, ofLinks, ofScopes) = (events, links, scopes)
        attributes = AttributeLeaves(searches)
        func reads(_ scope: AttributeScope) -> Bool {
            searches.contains { $0.search.scope == scope || $0.search.scope == .any }
        }
        readsResources = reads(.resource)
        readsScopes = reads(.scope) || !scopes.isEmpty
        readsAttributes = reads(.span)
        readsEvents = reads(.event) || !events.isEmpty
        readsLinks = reads(.link) || !links.isEmpty
    }

    /// Whether a node is open in a part.
    func isOpen(_ node: Int, _ part: Int) -> Bool { parts[part].open.nodes.contains(node) }

    /// Whether some part that is open for a node needs its span as a value.
    func isStrange(_ node: Int) -> Bool {
        parts.contains { $0.open.nodes.contains(node) && $0.open.strange.contains(node) }
    }

    func holds(_ part: Int, _ span: SpanValue) -> Bool { parts[part].open.condition.holds(span) }

    /// Whether a part holds of a node of which all notes were taken.
    func holds(_ part: Int, _ node: Int, _ notes: [UInt8]) -> Bool {
        parts[part].open.condition.holds { leaf in
            guard let number = parts[part].leaves[leaf] else { return parts[part].open.told[leaf].yes.contains(node) }
            return notes[number] & wanted[number].among == wanted[number].are
        }
    }

    // MARK: Noting

    func noteResource(_ resourceSpans: Span<UInt8>, _ notes: inout [UInt8]) throws(WireError) {
        var cursor = FieldCursor(resourceSpans)
        while let field = try cursor.next() {
            guard field.number == 1 else {
                try cursor.skip(field)
                continue
            }
            var resource = try cursor.readMessage(field)
            while let field = try resource.next() {
                if field.number == 1 {
                    try note(try resource.readBytes(field), .resource, &notes)
                } else {
                    try resource.skip(field)
                }
            }
        }
    }

    func noteScope(_ scopeSpans: Span<UInt8>, _ notes: inout [UInt8]) throws(WireError) {
        var name = ""
        var version = ""
        var cursor = FieldCursor(scopeSpans)
        while let field = try cursor.next() {
            guard field.number == 1 else {
                try cursor.skip(field)
                continue
            }
            var scope = try cursor.readMessage(field)
            while let field = try scope.next() {
                switch field.number {
                case 1: name = Self.text(try scope.readBytes(field))
                case 2: version = Self.text(try scope.readBytes(field))
                case 3: try note(try scope.readBytes(field), .scope, &notes)
                default: try scope.skip(field)
                }
            }
        }
        for leaf in ofScopes {
            let text = if case .scopeName = leaves[leaf].subject { name } else { version }
            // An empty one is no value.
            if !text.isEmpty { notes[leaf] |= noted(leaf, .string(text)) }
        }
    }

    func noteSpan(_ span: Span<UInt8>, _ notes: inout [UInt8]) throws(WireError) {
        var cursor = FieldCursor(span)
        while let field = try cursor.next() {
            switch field.number {
            case 9 where readsAttributes: try note(try cursor.readBytes(field), .span, &notes)
            case 11 where readsEvents: try noteEvent(try cursor.readBytes(field), &notes)
            case 13 where readsLinks: try noteLink(try cursor.readBytes(field), &notes)
            default: try cursor.skip(field)
            }
        }
    }

    private func noteEvent(_ bytes: Span<UInt8>, _ notes: inout [UInt8]) throws(WireError) {
        var name = ""
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            switch field.number {
            case 2 where !ofEvents.isEmpty: name = Self.text(try cursor.readBytes(field))
            case 3: try note(try cursor.readBytes(field), .event, &notes)
            default: try cursor.skip(field)
            }
        }
        // An empty name is one nonetheless.
        for leaf in ofEvents { notes[leaf] |= noted(leaf, .string(name)) }
    }

    private func noteLink(_ bytes: Span<UInt8>, _ notes: inout [UInt8]) throws(WireError) {
        var trace = TraceID(high: 0, low: 0)
        var span = SpanID(value: 0)
        var cursor = FieldCursor(bytes)
        while let field = try cursor.next() {
            switch field.number {
            case 1:
                let id = try cursor.readBytes(field)
                if id.count == 16 { trace = TraceID(high: bigEndian(id, 0), low: bigEndian(id, 8)) }
            case 2:
                let id = try cursor.readBytes(field)
                if id.count == 8 { span = SpanID(value: bigEndian(id, 0)) }
            case 4: try note(try cursor.readBytes(field), .link, &notes)
            default: try cursor.skip(field)
            }
        }
        for leaf in ofLinks {
            let text = if case .linkTraceID = leaves[leaf].subject { trace.description } else { span.description }
            notes[leaf] |= noted(leaf, .string(text))
        }
    }

    private func noted(_ leaf: Int, _ value: AttributeValue) -> UInt8 {
        switch leaves[leaf].test {
        case .exists: Self.exists
        case .some(let test), .none(let test): Self.exists | (test.holds(value) ? Self.contains : 0)
        }
    }

    /// A KeyValue that stands somewhere.
    @inline(__always)
    private func note(_ pair: Span<UInt8>, _ scope: AttributeScope, _ notes: inout [UInt8]) throws(WireError) {
        guard try attributes.mayName(pair) else { return }
        try noteNamed(pair, scope, &notes)
    }

    @inline(never)
    private func noteNamed(_ pair: Span<UInt8>, _ scope: AttributeScope, _ notes: inout [UInt8]) throws(WireError) {
        let attribute = try readAttribute(FieldCursor(pair), depth: 1)
        for (leaf, search) in attributes.searches where search.scope == .any || search.scope == scope {
            switch leaves[leaf].test {
            case .exists: if search.exists(in: attribute) { notes[leaf] |= Self.exists }
            case .some(let test):
                if notes[leaf] & Self.contains == 0, search.contains(in: attribute, where: test.holds) {
                    notes[leaf] |= Self.contains
                }
            case .none(let test):
                if search.exists(in: attribute) { notes[leaf] |= Self.exists }
                if search.contains(in: attribute, where: test.holds) { notes[leaf] |= Self.contains }
            }
        }
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        do { return String(copying: try UTF8Span(validating: bytes)) } catch { return "" }
    }
}

/// The keys that are looked for, in one piece: most attributes are none of them.
private struct AttributeLeaves {
    let searches: [(leaf: Int, search: AttributeSearch)]
    private var bytes: [UInt8] = []
    /// Where each key ends in `bytes`; it begins where the one before ended.
    private var ends: [Int] = []

    init(_ searches: [(leaf: Int, search: AttributeSearch)]) {
        self.searches = searches
        for key in Set(searches.map(\.search.key)) {
            bytes += key
            ends.append(bytes.count)
        }
    }

    /// Whether a KeyValue is called like one of the keys, or like a map that may have one as member.
    @inline(__always)
    func mayName(_ pair: Span<UInt8>) throws(WireError) -> Bool {
        var name = pair.extracting(first: 0)
        var cursor = FieldCursor(pair)
        while let field = try cursor.next() {
            if field.number == 1 { name = try cursor.readBytes(field) } else { try cursor.skip(field) }
        }
        var start = 0
        keys: for end in ends {
            let key = start
            start = end
            guard name.count <= end - key else { continue }
            guard name.count == end - key || bytes[key + name.count] == UInt8(ascii: ".") else { continue }
            for index in name.indices where bytes[key + index] != name[index] { continue keys }
            return true
        }
        return false
    }
}

@inline(__always)
private func bigEndian(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in offset..<offset + 8 { value = value << 8 | UInt64(bytes[index]) }
    return value
}
