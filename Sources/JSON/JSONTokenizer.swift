/// Walks a JSON text (RFC 8259) token by token: one pass, no recursion, no tree. Memory besides the text is one bit of
/// state for each open object or array, which the depth limit bounds.
///
///     var tokenizer = JSONTokenizer(bytes)
///     while true {
///         switch try tokenizer.next() {
///         case .key(let name): …
///         case .end: return
///         …
///         }
///     }
package struct JSONTokenizer: Sendable {
    /// No number that means something needs more: a double has at most 767 significant digits.
    package static let maximumNumberLength = 1024

    package let text: [UInt8]
    package let depthLimit: Int
    /// Where the last token began.
    package private(set) var tokenStart = 0
    private var position = 0
    private var expectation = Expectation.value
    /// For each open container, whether it is an object.
    private var isObject: [Bool] = []

    private enum Expectation { case value, valueOrEnd, key, keyOrEnd, commaOrEnd, nothing }

    package init(_ text: [UInt8], depthLimit: Int = 64) {
        self.text = text
        self.depthLimit = depthLimit
    }

    /// Number of objects and arrays that are open.
    package var depth: Int { isObject.count }

    package mutating func next() throws(JSONError) -> JSONToken {
        skipSpace()
        if expectation == .commaOrEnd, position < text.count, text[position] == UInt8(ascii: ",") {
            position += 1
            expectation = isObject.last == true ? .key : .value
            skipSpace()
        }
        tokenStart = position
        guard position < text.count else {
            guard expectation == .nothing else { throw unexpected() }
            return .end
        }
        let byte = text[position]
        switch expectation {
        case .nothing: throw error(.trailingBytes)
        case .commaOrEnd: return try close(byte)
        case .key: return try readKey(byte)
        case .keyOrEnd: return byte == UInt8(ascii: "}") ? try close(byte) : try readKey(byte)
        case .valueOrEnd: return byte == UInt8(ascii: "]") ? try close(byte) : try readValue(byte)
        case .value: return try readValue(byte)
        }
    }

    /// Passes over the next value, whatever it is. It is checked like any other.
    package mutating func skipValue() throws(JSONError) {
        let outside = depth
        repeat { _ = try next() } while depth > outside
    }

    private mutating func readKey(_ byte: UInt8) throws(JSONError) -> JSONToken {
        guard byte == UInt8(ascii: "\"") else { throw unexpected() }
        let key = try readString()
        skipSpace()
        guard position < text.count, text[position] == UInt8(ascii: ":") else { throw unexpected("':'") }
        position += 1
        expectation = .value
        return .key(key)
    }

    private mutating func readValue(_ byte: UInt8) throws(JSONError) -> JSONToken {
        switch byte {
        case UInt8(ascii: "{"): return try open(object: true)
        case UInt8(ascii: "["): return try open(object: false)
        case UInt8(ascii: "\""):
            let string = try readString()
            finishValue()
            return .string(string)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = try readNumber()
            finishValue()
            return .number(number)
        case UInt8(ascii: "t"): return try readWord("true", .bool(true))
        case UInt8(ascii: "f"): return try readWord("false", .bool(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: throw unexpected()
        }
    }

    private mutating func open(object: Bool) throws(JSONError) -> JSONToken {
        guard isObject.count < depthLimit else { throw error(.nestedTooDeep(limit: depthLimit)) }
        position += 1
        isObject.append(object)
        expectation = object ? .keyOrEnd : .valueOrEnd
        return object ? .beginObject : .beginArray
    }

    private mutating func close(_ byte: UInt8) throws(JSONError) -> JSONToken {
        guard let wasObject = isObject.last, byte == UInt8(ascii: wasObject ? "}" : "]") else { throw unexpected() }
        position += 1
        isObject.removeLast()
        finishValue()
        return wasObject ? .endObject : .endArray
    }

    private mutating func finishValue() { expectation = isObject.isEmpty ? .nothing : .commaOrEnd }

    private mutating func skipSpace() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func readWord(_ word: StaticString, _ token: JSONToken) throws(JSONError) -> JSONToken {
        let count = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { word in text[position...].prefix(count).elementsEqual(word) }
        guard matches else { throw unexpected() }
        position += count
        finishValue()
        return token
    }

    private mutating func readNumber() throws(JSONError) -> JSONNumber {
        let start = position
        if text[position] == UInt8(ascii: "-") { position += 1 }
        if position < text.count, text[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try readDigits(from: start)
        }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            try readDigits(from: start)
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
                position += 1
            }
            try readDigits(from: start)
        }
        if position < text.count {
            switch text[position] {
            // 01, 1.2.3, 1x and the like: the number ends where its grammar does, not at the next comma.
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                throw error(.invalidNumber)
            default: break
            }
        }
        return JSONNumber(range: start..<position)
    }

    private mutating func readDigits(from start: Int) throws(JSONError) {
        let first = position
        while position < text.count, text[position] >= UInt8(ascii: "0"), text[position] <= UInt8(ascii: "9") {
            position += 1
            if position - start > Self.maximumNumberLength {
                throw error(.numberTooLong(limit: Self.maximumNumberLength))
            }
        }
        if position == first { throw error(.invalidNumber) }
    }

    private mutating func readString() throws(JSONError) -> JSONString {
        position += 1
        let start = position
        var hasEscapes = false
        var isASCII = true
        while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: "\""):
                let range = start..<position
                position += 1
                if !isASCII { try checkUTF8(range) }
                return JSONString(range: range, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0..<0x20: throw error(.controlCharacter(byte), at: position)
            default:
                if byte >= 0x80 { isASCII = false }
                position = endOfPlainASCII(from: position + 1)
            }
        }
        throw error(.unterminatedString)
    }

    /// Where characters end that need no look: printable ASCII apart from quotes and backslashes.
    private func endOfPlainASCII(from start: Int) -> Int {
        let bytes = text.span
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index += 1
        }
        return index
    }

    private func checkUTF8(_ range: Range<Int>) throws(JSONError) {
        do {
            _ = try UTF8Span(validating: text.span.extracting(range))
        } catch let problem {
            throw error(.invalidUTF8, at: range.lowerBound + problem.byteOffsets.lowerBound)
        }
    }

    private mutating func skipEscape() throws(JSONError) {
        let start = position
        guard position + 1 < text.count else { throw error(.unterminatedString) }
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard let unit = JSONEscape.unit(in: text, at: start) else { throw error(.invalidEscape, at: start) }
            position += 6
            guard unit & 0xF800 == 0xD800 else { return }
            guard unit < 0xDC00, let low = JSONEscape.unit(in: text, at: position), low & 0xFC00 == 0xDC00 else {
                throw error(.loneSurrogate, at: start)
            }
            position += 6
        default: throw error(.invalidEscape, at: start)
        }
    }

    private func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        JSONError(reason, at: offset ?? tokenStart, in: text)
    }

    private func unexpected(_ wanted: String? = nil) -> JSONError {
        let expected =
            switch expectation {
            case .value: "a value"
            case .valueOrEnd: "a value or ']'"
            case .key: "a key in quotes"
            case .keyOrEnd: "a key in quotes or '}'"
            case .commaOrEnd: isObject.last == true ? "',' or '}'" : "',' or ']'"
            case .nothing: "the end of the text"
            }
        let found = position < text.count ? text[position] : nil
        return error(.unexpected(expected: wanted ?? expected, found: found), at: position)
    }
}
