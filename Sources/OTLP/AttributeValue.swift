/// The value of an attribute: OTLP's AnyValue.
package enum AttributeValue: Sendable {
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

/// Values are the same when their encodings are. So a NaN equals itself: tables keyed by values depend on that, as values
/// that equal nothing would pile up in them. Zero differs from minus zero.
extension AttributeValue: Hashable {
    package static func == (left: AttributeValue, right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.empty, .empty): true
        // Swift takes two spellings of an é for one text.
        case (.string(let left), .string(let right)): left == right && left.utf8.elementsEqual(right.utf8)
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.double(let left), .double(let right)): left.bitPattern == right.bitPattern
        case (.bytes(let left), .bytes(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.map(let left), .map(let right)): left == right
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .empty: hasher.combine(0 as UInt8)
        case .string(let value):
            hasher.combine(1 as UInt8)
            hasher.combine(value)
        case .bool(let value):
            hasher.combine(2 as UInt8)
            hasher.combine(value)
        case .int(let value):
            hasher.combine(3 as UInt8)
            hasher.combine(value)
        case .double(let value):
            hasher.combine(4 as UInt8)
            hasher.combine(value.bitPattern)
        case .bytes(let value):
            hasher.combine(5 as UInt8)
            hasher.combine(value)
        case .array(let values):
            hasher.combine(6 as UInt8)
            hasher.combine(values)
        case .map(let pairs):
            hasher.combine(7 as UInt8)
            hasher.combine(pairs)
        }
    }
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
