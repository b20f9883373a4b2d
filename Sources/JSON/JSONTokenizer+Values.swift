extension JSONTokenizer {
    /// The string's UTF-8, escapes resolved, appended to `output`.
    package func append(_ string: JSONString, to output: inout [UInt8]) {
        guard string.hasEscapes else {
            output.append(contentsOf: text[string.range])
            return
        }
        var plain = string.range.lowerBound
        var index = plain
        while index < string.range.upperBound {
            guard text[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            output.append(contentsOf: text[plain..<index])
            index = appendEscape(at: index, to: &output)
            plain = index
        }
        output.append(contentsOf: text[plain..<string.range.upperBound])
    }

    package func string(_ string: JSONString) -> String {
        guard string.hasEscapes else { return String(decoding: text[string.range], as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(string.range.count)
        append(string, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The place of the first of `names` that the string is; nil when it is none of them.
    package func firstIndex(of string: JSONString, in names: [[UInt8]]) -> Int? {
        if string.hasEscapes {
            var bytes: [UInt8] = []
            append(string, to: &bytes)
            return names.firstIndex(of: bytes)
        }
        let bytes = text.span.extracting(string.range)
        for index in names.indices {
            let name = names[index]
            if isEqual(bytes, name.span) { return index }
        }
        return nil
    }

    private func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    package func text(_ number: JSONNumber) -> String { String(decoding: text[number.range], as: UTF8.self) }

    /// The number if it is whole and in the type's range; `1e3` and `2.0` are whole.
    package func integer<I: FixedWidthInteger>(_ number: JSONNumber, as type: I.Type) -> I? {
        JSONInteger.parse(text[number.range])
    }

    /// The characters of a text that is one JSON number and nothing else, not even space around it.
    package static func number(inText text: String) -> ArraySlice<UInt8>? {
        var tokenizer = JSONTokenizer(Array(text.utf8))
        guard case .number(let number)? = try? tokenizer.next(), number.range == tokenizer.text.indices else {
            return nil
        }
        return tokenizer.text[...]
    }

    /// Nil when the number is beyond the range of doubles.
    package func double(_ number: JSONNumber) -> Double? {
        guard let value = Double(text(number)), value.isFinite else { return nil }
        return value
    }

    /// Appends what the escape at `start` stands for, and returns where it ends. The tokenizer has checked it.
    private func appendEscape(at start: Int, to output: inout [UInt8]) -> Int {
        switch text[start + 1] {
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            guard let unit = JSONEscape.unit(in: text, at: start) else { return start + 2 }
            if unit & 0xFC00 == 0xD800, let low = JSONEscape.unit(in: text, at: start + 6) {
                JSONEscape.appendUTF8(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), to: &output)
                return start + 12
            }
            JSONEscape.appendUTF8(unit, to: &output)
            return start + 6
        default: output.append(text[start + 1])
        }
        return start + 2
    }
}
