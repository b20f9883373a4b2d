/// The value of an attribute: OTLP's AnyValue.
package enum AttributeValue: Sendable, Hashable {
    /// An AnyValue in which nothing is set. It is valid, and differs from an empty string.
    case empty
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case bytes([UInt8])
    case array([AttributeValue])
    /// Key-value pairs in the sender's order.
    case map([Attribute])
}

extension AttributeValue {
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var int: Int64? {
        if case .int(let value) = self { value } else { nil }
    }
}

extension AttributeValue: CustomStringConvertible {
    /// How the value is shown to a person: text bare at the top level, quoted inside arrays and maps; bytes in hexadecimal.
    package var description: String {
        if case .string(let value) = self { return value }
        return shown
    }

    private var shown: String {
        switch self {
        case .empty: "null"
        case .string(let value): "\"\(value)\""
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .bytes(let value): "0x" + Hex.text(value)
        case .array(let values): "[" + values.map(\.shown).joined(separator: ", ") + "]"
        case .map(let pairs): "{" + pairs.map { "\($0.key): \($0.value.shown)" }.joined(separator: ", ") + "}"
        }
    }
}
