import OTLP

/// Finds the occurrences of one key. A map's members are attributes under `key.member`, also those of maps within arrays. Equal
/// keys in one list are several occurrences.
struct AttributeSearch {
    /// How many arrays and maps may stand around a value; what is deeper is not looked at.
    static let maximumDepth = 8

    let scope: AttributeScope
    let key: [UInt8]

    init(_ scope: AttributeScope, _ key: String) {
        self.scope = scope
        self.key = Array(key.utf8)
    }

    /// Whether the key is there, whatever its value.
    func exists(in span: SpanValue) -> Bool { search(span) { _, _ in true } }

    /// Whether some value under the key satisfies `test`; an array's elements are values under its key.
    func contains(in span: SpanValue, where test: (AttributeValue) -> Bool) -> Bool {
        search(span) { Self.contains($0, depth: $1, where: test) }
    }

    /// The same of one attribute, wherever it stands.
    func exists(in attribute: Attribute) -> Bool { find(attribute, 0, 0) { _, _ in true } }

    func contains(in attribute: Attribute, where test: (AttributeValue) -> Bool) -> Bool {
        find(attribute, 0, 0) { Self.contains($0, depth: $1, where: test) }
    }

    /// Whether a value of the key, or an element of it, satisfies `test`.
    static func contains(_ value: AttributeValue, where test: (AttributeValue) -> Bool) -> Bool {
        contains(value, depth: 0, where: test)
    }

    private func search(_ span: SpanValue, _ visit: (AttributeValue, Int) -> Bool) -> Bool {
        let isAny = scope == .any
        if isAny || scope == .span, find(span.attributes, 0, 0, visit) { return true }
        if isAny || scope == .resource, find(span.resource.attributes, 0, 0, visit) { return true }
        if isAny || scope == .scope, find(span.scope.attributes, 0, 0, visit) { return true }
        if isAny || scope == .event {
            for event in span.events where find(event.attributes, 0, 0, visit) { return true }
        }
        if isAny || scope == .link {
            for link in span.links where find(link.attributes, 0, 0, visit) { return true }
        }
        return false
    }

    /// Whether `visit` accepts a value whose path within `list` is the key from `offset` on.
    private func find(
        _ list: [Attribute], _ offset: Int, _ depth: Int, _ visit: (AttributeValue, Int) -> Bool
    ) -> Bool {
        guard depth <= Self.maximumDepth else { return false }
        for attribute in list where find(attribute, offset, depth, visit) { return true }
        return false
    }

    @inline(__always)
    private func find(
        _ attribute: Attribute, _ offset: Int, _ depth: Int, _ visit: (AttributeValue, Int) -> Bool
    ) -> Bool {
        let rest = key.count - offset
        let name = attribute.key.utf8
        let length = name.count
        if length == rest { return name.elementsEqual(key[offset...]) && visit(attribute.value, depth) }
        guard length < rest, key[offset + length] == UInt8(ascii: "."), attribute.value.isCompound,
            key[offset...].starts(with: name)
        else { return false }
        return descend(attribute.value, offset + length + 1, depth, visit)
    }

    private func descend(
        _ value: AttributeValue, _ offset: Int, _ depth: Int, _ visit: (AttributeValue, Int) -> Bool
    ) -> Bool {
        switch value {
        case .map(let members): find(members, offset, depth + 1, visit)
        case .array(let elements) where depth < Self.maximumDepth:
            elements.contains { $0.isCompound && descend($0, offset, depth + 1, visit) }
        default: false
        }
    }

    private static func contains(
        _ value: AttributeValue, depth: Int, where test: (AttributeValue) -> Bool
    ) -> Bool {
        guard case .array(let elements) = value else { return test(value) }
        return depth < maximumDepth && elements.contains { contains($0, depth: depth + 1, where: test) }
    }
}

extension AttributeValue {
    fileprivate var isCompound: Bool {
        switch self {
        case .array, .map: true
        default: false
        }
    }
}
