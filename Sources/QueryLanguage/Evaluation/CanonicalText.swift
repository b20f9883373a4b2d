package import OTLP

/// How a value is written where values are compared for equality, so that the number 500, the double 500.0 and the text "500"
/// are one. Nil for what has no text: nothing, an array, a map.
package func canonicalText(_ value: AttributeValue) -> String? {
    switch value {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): canonicalText(number)
    case .bool(let flag): flag ? "true" : "false"
    case .bytes(let bytes): Base64.encode(bytes.span)
    case .empty, .array, .map: nil
    }
}

package func canonicalText(_ value: QueryValue) -> String {
    switch value {
    case .text(let text): text
    case .integer(let number): String(number)
    case .decimal(let number): canonicalText(number)
    case .bool(let flag): flag ? "true" : "false"
    }
}

/// The shortest decimal that reads back as the same number; whole numbers below 2^53 without a point, minus zero as `0`,
/// and `NaN`, `Infinity`, `-Infinity`.
package func canonicalText(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    if number.magnitude < 0x1p53, number.rounded(.towardZero) == number { return String(Int64(number)) }
    return "\(number)"
}

extension QueryNumber {
    /// The number of which `text` is the canonical text; nil if there is none.
    init?(canonical text: String) {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
            text.utf8.count <= 32
        else { return nil }
        if let integer = Int64(text), String(integer) == text {
            self = .integer(integer)
        } else if let decimal = Double(text), decimal.isFinite, canonicalText(decimal) == text {
            self = .decimal(decimal)
        } else {
            return nil
        }
    }
}
