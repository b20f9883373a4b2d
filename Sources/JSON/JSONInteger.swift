/// Whole numbers from JSON number text, exactly: never by way of a double.
package enum JSONInteger {
    /// Reads text that follows the grammar of JSON numbers. Nil when it is not whole, or not in the type's range.
    package static func parse<I: FixedWidthInteger>(_ text: ArraySlice<UInt8>) -> I? {
        var digits: [UInt8] = []
        var exponent = 0
        var isNegative = false
        var isFraction = false
        var index = text.startIndex
        if index < text.endIndex, text[index] == UInt8(ascii: "-") {
            isNegative = true
            index += 1
        }
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte | 0x20 == UInt8(ascii: "e") {
                guard let power = parseExponent(text[index...]) else { return nil }
                exponent += power
                break
            } else {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                digits.append(byte - UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            }
        }
        while digits.count > 1, digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits == [0] { return 0 }
        // 64 bits have at most 20 digits, so a larger power is out of range whatever stands before it.
        guard exponent >= 0, exponent <= 20 else { return nil }
        var value: I = 0
        for digit in digits[...] + repeatElement(0, count: exponent)[...] {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                isNegative
                ? product.subtractingReportingOverflow(I(digit)) : product.addingReportingOverflow(I(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// Clamped to what makes any number either zero, fractional or out of range.
    private static func parseExponent(_ text: ArraySlice<UInt8>) -> Int? {
        var index = text.startIndex
        var isNegative = false
        if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            index += 1
        }
        guard index < text.endIndex else { return nil }
        var value = 0
        while index < text.endIndex {
            guard text[index] >= UInt8(ascii: "0"), text[index] <= UInt8(ascii: "9") else { return nil }
            value = min(value * 10 + Int(text[index] - UInt8(ascii: "0")), 1_000_000)
            index += 1
        }
        return isNegative ? -value : value
    }
}
