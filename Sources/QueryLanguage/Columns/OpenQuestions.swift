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
    /// A step of a condition, in front of those that it joins. They lie in one piece and refer to nothing: what two threads look at for
    /// each span must not be counted.
    private struct Step {
        enum Kind: UInt8 {
            case everything, and, or, not, told, noted
        }
        var kind: Kind
        /// Of the leaf that is read, or of what columns told.
        var number = 0
        /// Where the next one begins that is not within it.
        var end = 0
    }
    /// Of a leaf, as bits of a note: the field is there; some value of it satisfies the test.
    private static let exists: UInt8 = 1
    private static let contains: UInt8 = 2

    private let conditions: [SpanCondition]
    private let steps: [Step]
    /// Where the steps of each part begin.
    private let tops: [Int]
    private let told: [NodeSet]
    private let open: [NodeSet]
    private let strange: [NodeSet]
    private let leaves: [Leaf]
    /// What a value has to satisfy, for each leaf that asks for more than whether the field is there.
    private let tests: [LeafTest?]
    /// For each leaf the bits of its note that decide, and how they have to be.
    private let wanted: [(among: UInt8, are: UInt8)]
    private let keys: AttributeKeys
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
        var searches: [(leaf: Int, search: AttributeSearch, test: FieldTest)] = []
        var (events, links, scopes): ([Int], [Int], [Int]) = ([], [], [])
        var told: [NodeSet] = []
        var steps: [Step] = []
        var tops: [Int] = []
        // Made anew from the words, so that this thread has them for itself.
        conditions = query.open.map { SpanCondition($0.expression) }
        for (open, condition) in zip(query.open, conditions) {
            /// The leaf that is read, or nil where columns have told.
            let numbers: [Int?] = condition.leaves.indices.map { index in
                guard open.told[index].isRead else { return nil }
                let number = leaves.count
                switch condition.leaves[index] {
                case .attribute(let search, let test):
                    leaves.append(Leaf(subject: .attribute, test: test))
                    searches.append((number, search, test))
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
            }
            func add(_ step: SpanCondition.Step) {
                let place = steps.count
                func join(_ kind: Step.Kind, _ members: [SpanCondition.Step]) {
                    steps.append(Step(kind: kind))
                    for member in members { add(member) }
                }
                switch step {
                case .everything: steps.append(Step(kind: .everything))
                case .and(let members): join(.and, members)
                case .or(let members): join(.or, members)
                case .not(let inner): join(.not, [inner])
                case .leaf(let leaf):
                    if let number = numbers[leaf] {
                        steps.append(Step(kind: .noted, number: number))
                    } else {
                        steps.append(Step(kind: .told, number: told.count))
                        told.append(open.told[leaf].yes)
                    }
                }
                steps[place].end = steps.count
            }
            tops.append(steps.count)
            add(condition.top)
        }
        (self.steps, self.tops) = (steps, tops)
        self.told = told.map(\.own)
        open = query.open.map(\.nodes.own)
        strange = query.open.map(\.strange.own)
        self.leaves = leaves
        tests = leaves.map { LeafTest($0.test) }
        wanted = leaves.map { leaf in
            switch leaf.test {
            case .exists: (Self.exists, Self.exists)
            case .some: (Self.contains, Self.contains)
            case .none: (Self.exists | Self.contains, Self.exists)
            }
        }
        (ofEvents, ofLinks, ofScopes) = (events, links, scopes)
        keys = AttributeKeys(searches)
        func reads(_ scope: AttributeScope) -> Bool {
            searches.contains { $0.search.scope == scope || $0.search.scope == .any }
        }
        hasStrange = query.open.contains { open in
            var strange = open.strange
            strange.formIntersection(open.nodes)
            return !strange.isEmpty
        }
        readsResources = reads(.resource)
        readsScopes = reads(.scope) || !scopes.isEmpty
        readsAttributes = reads(.span)
        readsEvents = reads(.event) || !events.isEmpty
        readsLinks = reads(.link) || !links.isEmpty
    }

    /// Whether there are strange nodes at all.
    let hasStrange: Bool

    /// Whether a node is open in a part.
    @inline(__always)
    func isOpen(_ node: Int, _ part: Int) -> Bool { open[part].contains(node) }

    /// Whether some part that is open for a node needs its span as a value.
    func isStrange(_ node: Int) -> Bool {
        open.indices.contains { open[$0].contains(node) && strange[$0].contains(node) }
    }

    func holds(_ part: Int, _ span: SpanValue) -> Bool { conditions[part].holds(span) }

    /// Whether a part holds of a node of which all notes were taken.
    func holds(_ part: Int, _ node: Int, _ notes: [UInt8]) -> Bool { step(tops[part], node, notes) }

    private func step(_ place: Int, _ node: Int, _ notes: [UInt8]) -> Bool {
        let step = steps[place]
        switch step.kind {
        case .everything: return true
        case .told: return told[step.number].contains(node)
        case .noted: return notes[step.number] & wanted[step.number].among == wanted[step.number].are
        case .not: return !self.step(place + 1, node, notes)
        case .and, .or:
            let decided = step.kind == .or
            var member = place + 1
            while member < step.end {
                if self.step(member, node, notes) == decided { return decided }
                member = steps[member].end
            }
            return !decided
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
        var place = 0
        while place < span.count {
            // Nearly all fields are short, and are stepped over as they are; what is not goes the long way.
            if let field = ShortField(in: span, at: place), field.tag != Self.eventTag, field.tag != Self.linkTag {
                place = field.content.upperBound
                if field.tag == Self.attributeTag, readsAttributes { try note(span, field.content, .span, &notes) }
                continue
            }
            var cursor = FieldCursor(span.extracting(place...))
            guard let field = try cursor.next() else { return }
            switch field.number {
            case 9 where readsAttributes:
                let pair = try cursor.readBytes(field)
                try note(pair, pair.indices, .span, &notes)
            case 11 where readsEvents: try noteEvent(try cursor.readBytes(field), &notes)
            case 13 where readsLinks: try noteLink(try cursor.readBytes(field), &notes)
            default: try cursor.skip(field)
            }
            place += cursor.offset
        }
    }

    private static let attributeTag: UInt8 = 9 << 3 | 2
    private static let eventTag: UInt8 = 11 << 3 | 2
    private static let linkTag: UInt8 = 13 << 3 | 2

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
                if id.count == 16 { trace = TraceID(high: bigEndian(id, at: 0), low: bigEndian(id, at: 8)) }
            case 2:
                let id = try cursor.readBytes(field)
                if id.count == 8 { span = SpanID(value: bigEndian(id, at: 0)) }
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
    private func note(_ pair: Span<UInt8>, _ scope: AttributeScope, _ notes: inout [UInt8]) throws(WireError) {
        try note(pair, pair.indices, scope, &notes)
    }

    @inline(__always)
    private func note(
        _ bytes: Span<UInt8>, _ pair: Range<Int>, _ scope: AttributeScope, _ notes: inout [UInt8]
    ) throws(WireError) {
        // Nearly all are a short key and then a short value, and nothing else.
        if let name = ShortField(in: bytes, at: pair.lowerBound), name.tag == 0x0A,
            let value = ShortField(in: bytes, at: name.content.upperBound), value.tag == 0x12,
            value.content.upperBound == pair.upperBound
        {
            guard let key = keys.match(bytes, name.content) else { return }
            if key.isWhole {
                return try note(value: bytes.extracting(value.content), ofKey: key.number, scope, &notes)
            }
        }
        try noteNamed(bytes.extracting(pair), scope, &notes)
    }

    /// The AnyValue of an attribute that is called like a key.
    @inline(never)
    private func note(
        value: Span<UInt8>, ofKey key: Int, _ scope: AttributeScope, _ notes: inout [UInt8]
    ) throws(WireError) {
        let isText = value.count >= 2 && value[0] == 0x0A && Int(value[1]) == value.count - 2
        var read: AttributeValue?
        for index in keys.first[key]..<keys.first[key + 1] {
            guard keys.scopes[index] == .any || keys.scopes[index] == scope else { continue }
            let leaf = keys.leaves[index]
            notes[leaf] |= Self.exists
            guard wanted[leaf].among & Self.contains != 0, notes[leaf] & Self.contains == 0 else { continue }
            guard let test = tests[leaf] else { continue }
            if isText, let holds = keys.isEqual(index, value, from: 2) ?? test.pattern?.matches(value.extracting(2...))
            {
                if holds { notes[leaf] |= Self.contains }
                continue
            }
            let decoded: AttributeValue
            if let read {
                decoded = read
            } else {
                // Most numbers are small.
                decoded =
                    if let field = ShortField(in: value, at: 0), field.tag == 0x18, value.count == 2 {
                        .int(Int64(value[1]))
                    } else {
                        try readValue(FieldCursor(value), depth: 1)
                    }
                read = decoded
            }
            if test.holds(decoded) { notes[leaf] |= Self.contains }
        }
    }

    /// One that may be called like a key, or be a map in which one is found.
    @inline(never)
    private func noteNamed(_ pair: Span<UInt8>, _ scope: AttributeScope, _ notes: inout [UInt8]) throws(WireError) {
        let attribute = try readAttribute(FieldCursor(pair), depth: 1)
        for index in keys.leaves.indices where keys.scopes[index] == .any || keys.scopes[index] == scope {
            let leaf = keys.leaves[index]
            if keys.searches[index].exists(in: attribute) { notes[leaf] |= Self.exists }
            switch leaves[leaf].test {
            case .exists: break
            case .some(let test), .none(let test):
                if keys.searches[index].contains(in: attribute, where: test.holds) { notes[leaf] |= Self.contains }
            }
        }
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        do { return String(copying: try UTF8Span(validating: bytes)) } catch { return "" }
    }
}

/// A test that is at hand without counting who else has what it is made of.
private final class LeafTest: Sendable {
    private let test: ValueTest
    /// The same pattern, made anew: other threads have the other one.
    let pattern: QueryPattern?

    init?(_ test: FieldTest) {
        switch test {
        case .exists: return nil
        case .some(let test), .none(let test):
            self.test = test
            pattern = if case .pattern(let pattern) = test { try? QueryPattern(pattern.source) } else { nil }
        }
    }

    /// Whether a value or an element of it satisfies the test.
    func holds(_ value: AttributeValue) -> Bool {
        if case .array = value { AttributeSearch.contains(value) { test.holds($0) } } else { test.holds(value) }
    }
}

/// The keys that are looked for, in one piece: most attributes are none of them.
private struct AttributeKeys {
    /// By key, and for each of them what is asked.
    private(set) var searches: [AttributeSearch] = []
    private(set) var scopes: [AttributeScope] = []
    private(set) var leaves: [Int] = []
    /// Where the searches of a key begin; those of the last end with the last entry.
    private(set) var first: [Int] = []
    private var bytes: [UInt8] = []
    /// Where each key ends in `bytes`; it begins where the one before ended.
    private var ends: [Int] = []
    /// Bit n: some key has n bytes, or a dot behind so many. The last bit stands for all that is longer.
    private var lengths: UInt64 = 0
    /// Texts that values have to be equal to, in one piece; nil for other tests.
    private var texts: [UInt8] = []
    private var textOf: [Range<Int>?] = []

    init(_ asked: [(leaf: Int, search: AttributeSearch, test: FieldTest)]) {
        for key in Set(asked.map(\.search.key)) {
            first.append(searches.count)
            bytes += key
            ends.append(bytes.count)
            for length in 0...key.count where length == key.count || key[length] == UInt8(ascii: ".") {
                lengths |= 1 << UInt64(min(length, 63))
            }
            for (leaf, search, test) in asked where search.key == key {
                searches.append(search)
                scopes.append(search.scope)
                leaves.append(leaf)
                let begin = texts.count
                switch test {
                case .some(.equal(let test)), .none(.equal(let test)):
                    texts += Array(test.text.utf8)
                    textOf.append(begin..<texts.count)
                default: textOf.append(nil)
                }
            }
        }
        first.append(searches.count)
    }

    /// The key that a name is; not whole where the name is that of a map that may have one as member.
    @inline(__always)
    func match(_ pair: Span<UInt8>, _ name: Range<Int>) -> (number: Int, isWhole: Bool)? {
        guard lengths &>> UInt64(min(name.count, 63)) & 1 == 1 else { return nil }
        var found: (number: Int, isWhole: Bool)?
        for number in ends.indices where isBeginning(number, pair, name) {
            // A name that is both is looked at as what it is not whole.
            found = (number, name.count == ends[number] - (number == 0 ? 0 : ends[number - 1]) && found == nil)
        }
        return found
    }

    @inline(__always)
    private func isBeginning(_ number: Int, _ pair: Span<UInt8>, _ name: Range<Int>) -> Bool {
        let start = number == 0 ? 0 : ends[number - 1]
        let length = ends[number] - start
        guard name.count == length || name.count < length && bytes[start + name.count] == UInt8(ascii: ".") else {
            return false
        }
        return equals(bytes.span, start..<start + name.count, pair, from: name.lowerBound)
    }

    /// Whether a value's text is the one that it has to be equal to; nil where that is not what is asked.
    @inline(__always)
    func isEqual(_ search: Int, _ value: Span<UInt8>, from start: Int) -> Bool? {
        guard let text = textOf[search] else { return nil }
        return text.count == value.count - start && equals(texts.span, text, value, from: start)
    }
}
