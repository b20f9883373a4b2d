/// A JSON text as a tree. For answers, configuration and tests; telemetry goes through `JSONTokenizer` instead.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The characters of the number, so that no digit is lost.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text.
    case object([JSONMember])
}

package struct JSONMember: Sendable, Equatable {
    package var key: String
    package var value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
        self.key = key
        self.value = value
    }
}

extension JSONValue {
    /// The member of that name; nil when this is no object or has none.
    package subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members.first { $0.key == key }?.value } else { nil }
    }

    /// The element at that place; nil when this is no array or is shorter.
    package subscript(index: Int) -> JSONValue? {
        if case .array(let values) = self, values.indices.contains(index) { values[index] } else { nil }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var members: [JSONMember]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var isNull: Bool { self == .null }

    /// A whole number in the type's range, written as a number or (as 64-bit numbers often are) as a string.
    package func integer<I: FixedWidthInteger>(as type: I.Type = Int.self) -> I? {
        switch self {
        case .number(let text): JSONInteger.parse(Array(text.utf8)[...])
        case .string(let text): I(text)
        default: nil
        }
    }

    package var int: Int? { integer() }
    package var uint64: UInt64? { integer(as: UInt64.self) }

    package var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
