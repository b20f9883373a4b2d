import JSON
import OTLP

/// Tags: `{"key","type","value"}`.
extension JSONWriter {
    /// Values nested deeper are left out; the decoder's limit is smaller.
    private static var maximumDepth: Int { 64 }
    /// Whole numbers beyond are text, since many readers keep 53 bits.
    private static var greatestExact: Int64 { 1 << 53 - 1 }

    mutating func jaegerTags(_ attributes: some Sequence<Attribute>) {
        for attribute in attributes { jaegerTag(attribute.key, attribute.value) }
    }

    mutating func jaegerTag(_ key: String, _ value: AttributeValue) {
        beginObject()
        member("key", key)
        member("type", value.jaegerType)
        self.key("value")
        switch value {
        case .empty: string("")
        case .string(let text): string(text)
        case .bool(let flag): bool(flag)
        case .int(let number):
            if number.magnitude <= Self.greatestExact.magnitude {
                self.number(number)
            } else {
                string(String(number))
            }
        case .double(let number): shortestDouble(number)
        case .bytes(let data): string(Base64.encode(data.span))
        case .array, .map: string(Self.json(value))
        }
        endObject()
    }

    /// Whole ones without a decimal point.
    private mutating func shortestDouble(_ number: Double) {
        if number.magnitude <= Double(Self.greatestExact), number.rounded() == number {
            literal(number == 0 && number.sign == .minus ? "-0" : String(Int64(number)))
        } else {
            double(number)
        }
    }

    /// An array or map as JSON text, which is how Jaeger shows them: it has no such tags.
    private static func json(_ value: AttributeValue) -> String {
        var writer = JSONWriter()
        writer.plain(value, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private mutating func plain(_ value: AttributeValue, depth: Int) {
        guard depth < Self.maximumDepth else { return null() }
        switch value {
        case .empty: null()
        case .string(let text): string(text)
        case .bool(let flag): bool(flag)
        case .int(let number): self.number(number)
        case .double(let number): shortestDouble(number)
        case .bytes(let data): string(Base64.encode(data.span))
        case .array(let values):
            beginArray()
            for element in values { plain(element, depth: depth + 1) }
            endArray()
        case .map(let attributes):
            beginObject()
            for attribute in attributes {
                key(attribute.key)
                plain(attribute.value, depth: depth + 1)
            }
            endObject()
        }
    }
}

extension AttributeValue {
    fileprivate var jaegerType: String {
        switch self {
        case .empty, .string, .array, .map: "string"
        case .bool: "bool"
        case .int: "int64"
        case .double: "float64"
        case .bytes: "binary"
        }
    }
}
