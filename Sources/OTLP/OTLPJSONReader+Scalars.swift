import JSON

extension OTLPJSONReader {
    /// Writes one scalar. Elements of packed arrays go without a tag; defaults go unwritten where presence is implicit.
    mutating func readScalar(_ field: FieldSchema, _ token: JSONToken) throws(OTLPJSONError) {
        switch field.type {
        case .string:
            guard case .string(let text) = token else { throw wrongType(token, expected: "a string") }
            let start = beginLength(field.number)
            tokenizer.append(text, to: &output)
            endLength(start, keepsEmpty: field.presence != .implicit)
        case .bytes:
            let start = beginLength(field.number)
            try decodeBase64(token)
            endLength(start, keepsEmpty: field.presence != .implicit)
        case .hexBytes:
            let start = beginLength(field.number)
            try decodeHex(token)
            endLength(start, keepsEmpty: field.presence != .implicit)
        case .bool:
            guard case .bool(let value) = token else { throw wrongType(token, expected: "true or false") }
            writeVarint(field, value ? 1 : 0)
        case .int64: writeVarint(field, UInt64(bitPattern: try integer(token, "a whole number of 64 bits")))
        case .uint32: writeVarint(field, UInt64(try integer(token, "a whole number from 0 to 4294967295") as UInt32))
        case .uint64: writeVarint(field, try integer(token, "a whole number from 0 to 18446744073709551615"))
        case .sint32:
            let value: Int32 = try integer(token, "a whole number of 32 bits")
            writeVarint(field, UInt64(UInt32(bitPattern: value << 1 ^ value >> 31)))
        case .fixed32: writeFixed32(field, try integer(token, "a whole number from 0 to 4294967295"))
        case .fixed64: writeFixed64(field, try integer(token, "a whole number from 0 to 18446744073709551615"))
        case .sfixed64: writeFixed64(field, UInt64(bitPattern: try integer(token, "a whole number of 64 bits")))
        case .double: writeFixed64(field, try double(token).bitPattern)
        case .enumeration(let names): writeVarint(field, UInt64(bitPattern: Int64(try enumeration(token, names))))
        case .message: preconditionFailure("messages are not scalars")
        }
    }

    /// What a number, an enumeration's name or an id may have at most; the text of a longer one is not even copied.
    private static let longestWord = JSONTokenizer.maximumNumberLength

    private func isWord(_ text: JSONString) -> Bool { text.range.count <= Self.longestWord }

    private mutating func writeVarint(_ field: FieldSchema, _ value: UInt64) {
        guard writeTag(field, wireType: 0, isDefault: value == 0) else { return }
        appendVarint(value)
    }

    private mutating func writeFixed64(_ field: FieldSchema, _ value: UInt64) {
        guard writeTag(field, wireType: 1, isDefault: value == 0) else { return }
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    private mutating func writeFixed32(_ field: FieldSchema, _ value: UInt32) {
        guard writeTag(field, wireType: 5, isDefault: value == 0) else { return }
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    /// False when the value is to be left out.
    private mutating func writeTag(_ field: FieldSchema, wireType: UInt64, isDefault: Bool) -> Bool {
        if field.presence == .repeated { return true }
        if isDefault, field.presence == .implicit { return false }
        appendVarint(UInt64(field.number) << 3 | wireType)
        return true
    }

    /// A whole number, or a string that holds one.
    private func integer<I: FixedWidthInteger>(_ token: JSONToken, _ expected: String) throws(OTLPJSONError) -> I {
        let value: I?
        switch token {
        case .number(let number): value = tokenizer.integer(number, as: I.self)
        case .string(let text):
            value =
                isWord(text)
                ? JSONTokenizer.number(inText: tokenizer.string(text)).flatMap { JSONInteger.parse($0) } : nil
        default: throw wrongType(token, expected: expected)
        }
        guard let value else { throw error(.invalidValue(expected: expected)) }
        return value
    }

    private func double(_ token: JSONToken) throws(OTLPJSONError) -> Double {
        let expected = "a number, \"NaN\", \"Infinity\" or \"-Infinity\""
        let value: Double?
        switch token {
        case .number(let number): value = tokenizer.double(number)
        case .string(let text):
            switch isWord(text) ? tokenizer.string(text) : "" {
            case "NaN": return .nan
            case "Infinity": return .infinity
            case "-Infinity": return -.infinity
            case let text:
                value = JSONTokenizer.number(inText: text).flatMap { _ in Double(text) }.flatMap {
                    $0.isFinite ? $0 : nil
                }
            }
        default: throw wrongType(token, expected: expected)
        }
        guard let value else { throw error(.invalidValue(expected: expected)) }
        return value
    }

    private func enumeration(_ token: JSONToken, _ names: EnumSchema) throws(OTLPJSONError) -> Int32 {
        let expected = "a whole number or a name such as \(names.prefix)\(names.names[1])"
        let value: Int32?
        switch token {
        case .number(let number): value = tokenizer.integer(number, as: Int32.self)
        case .string(let text): value = isWord(text) ? names.number(named: tokenizer.string(text)) : nil
        default: throw wrongType(token, expected: expected)
        }
        guard let value else { throw error(.invalidValue(expected: expected)) }
        return value
    }

    private mutating func decodeHex(_ token: JSONToken) throws(OTLPJSONError) {
        let expected = "pairs of hexadecimal digits"
        guard case .string(let text) = token else { throw wrongType(token, expected: "a string of \(expected)") }
        let digits = isWord(text) ? Array(tokenizer.string(text).utf8) : [0]
        guard digits.count.isMultiple(of: 2) else { throw error(.invalidValue(expected: expected)) }
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Hex.value(digits[index]), let low = Hex.value(digits[index + 1]) else {
                throw error(.invalidValue(expected: expected))
            }
            output.append(high << 4 | low)
        }
    }

    private mutating func decodeBase64(_ token: JSONToken) throws(OTLPJSONError) {
        guard case .string(let text) = token else { throw wrongType(token, expected: "a string in base64") }
        let isDecoded: Bool
        if text.hasEscapes {
            var plain: [UInt8] = []
            tokenizer.append(text, to: &plain)
            isDecoded = Base64.decode(plain.span, into: &output)
        } else {
            let whole = tokenizer.text
            isDecoded = Base64.decode(whole.span.extracting(text.range), into: &output)
        }
        guard isDecoded else { throw error(.invalidValue(expected: "base64")) }
    }
}

extension FieldType {
    /// Whether proto3 writes a repeated field of this type as one length-delimited run.
    var isPackable: Bool {
        switch self {
        case .string, .bytes, .hexBytes, .message: false
        default: true
        }
    }
}
