/// The value of an attribute.
public enum SpanAttribute: Sendable, Equatable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case array([SpanAttribute])
}

extension SpanAttribute: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: SpanAttribute...) { self = .array(elements) }
}

/// What can stand as an attribute's value.
public protocol SpanAttributeConvertible {
    var spanAttribute: SpanAttribute { get }
}

extension SpanAttribute: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { self } }
extension String: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .string(self) } }
extension Substring: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .string(String(self)) } }
extension Bool: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .bool(self) } }
extension Int: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .int(Int64(self)) } }
extension Int32: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .int(Int64(self)) } }
extension Int64: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .int(self) } }
extension UInt64: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .int(Int64(clamping: self)) } }
extension Double: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .double(self) } }
extension Float: SpanAttributeConvertible { public var spanAttribute: SpanAttribute { .double(Double(self)) } }
extension Array: SpanAttributeConvertible where Element: SpanAttributeConvertible {
    public var spanAttribute: SpanAttribute { .array(map(\.spanAttribute)) }
}

/// Attributes by key, in the order in which they were first set. At most `maximumCount`; further keys are counted and left.
///
///     span.attributes["hms.mcp.tool"] = "search_claims"
///     span.attributes["rows"] = rows.count
public struct SpanAttributes: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public static let maximumCount = 128

    private(set) var entries: [Entry] = []
    /// Keys that found no place.
    public private(set) var droppedCount = 0

    struct Entry: Sendable, Equatable {
        var key: String
        var value: SpanAttribute
    }

    public init() {}

    public init(dictionaryLiteral elements: (String, SpanAttribute)...) {
        for (key, value) in elements { self[key] = value }
    }

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    /// Setting nil removes the key.
    public subscript(_ key: String) -> SpanAttribute? {
        get { entries.first { $0.key == key }?.value }
        set {
            let index = entries.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?) where entries.count < Self.maximumCount:
                entries.append(Entry(key: key, value: value))
            case (nil, _?): droppedCount += 1
            case (nil, nil): break
            }
        }
    }

    /// Lets Swift values be assigned as they are: `attributes["rows"] = rows.count`.
    @_disfavoredOverload
    public subscript(_ key: String) -> (any SpanAttributeConvertible)? {
        get { entries.first { $0.key == key }?.value }
        set { self[key] = newValue?.spanAttribute as SpanAttribute? }
    }

    public mutating func merge(_ other: SpanAttributes) {
        for entry in other.entries { self[entry.key] = entry.value as SpanAttribute? }
    }
}
