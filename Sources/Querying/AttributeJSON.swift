import JSON
import OTLP

/// Attributes with their types: `{"key","type","value"}`. Whole numbers are text, bytes are base64, a double that JSON has
/// no number for is text, and elements of arrays are `{"type","value"}`.
extension JSONWriter {
    /// Values nested deeper are left out; the decoder's limit is smaller.
    private static var maximumDepth: Int { 64 }

    mutating func attributes(_ attributes: [Attribute], dropped: UInt32) {
        key("attributes")
        pairs(attributes, depth: 0)
        if dropped > 0 { member("droppedAttributes", Int(dropped)) }
    }

    private mutating func pairs(_ attributes: [Attribute], depth: Int) {
        beginArray()
        for attribute in attributes {
            beginObject()
            member("key", attribute.key)
            typed(attribute.value, depth: depth)
            endObject()
        }
        endArray()
    }

    private mutating func typed(_ value: AttributeValue, depth: Int) {
        member("type", value.typeWord)
        key("value")
        guard depth < Self.maximumDepth else { return null() }
        switch value {
        case .empty: null()
        case .string(let text): string(text)
        case .bool(let flag): bool(flag)
        case .int(let number): string(String(number))
        case .double(let number): double(number)
        case .bytes(let data): string(Base64.encode(data))
        case .array(let values):
            beginArray()
            for element in values {
                beginObject()
                typed(element, depth: depth + 1)
                endObject()
            }
            endArray()
        case .map(let attributes): pairs(attributes, depth: depth + 1)
        }
    }
}

extension AttributeValue {
    fileprivate var typeWord: String {
        switch self {
        case .empty: "empty"
        case .string: "string"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .bytes: "bytes"
        case .array: "array"
        case .map: "map"
        }
    }
}

/// RFC 4648, 4: the standard alphabet, padded.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            text.append(alphabet[Int(first >> 2)])
            text.append(alphabet[Int((first & 3) << 4 | second >> 4)])
            text.append(index + 1 < bytes.count ? alphabet[Int((second & 15) << 2 | third >> 6)] : UInt8(ascii: "="))
            text.append(index + 2 < bytes.count ? alphabet[Int(third & 63)] : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }
}
