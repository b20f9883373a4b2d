/// Why bytes are not the JSON text that was expected, and where.
package struct JSONError: Error, Equatable, Sendable {
    package enum Reason: Equatable, Sendable {
        /// What could have stood there; what does is the byte, or nil at the end of the text.
        case unexpected(expected: String, found: UInt8?)
        case trailingBytes
        case invalidUTF8
        case controlCharacter(UInt8)
        case invalidEscape
        case loneSurrogate
        case unterminatedString
        case invalidNumber
        case numberTooLong(limit: Int)
        case nestedTooDeep(limit: Int)
        /// A value of a few bytes takes many as a part of the tree.
        case tooManyValues(limit: Int)
        case duplicateKey(String)
    }

    package var reason: Reason
    /// Offset of the offending byte from the start of the text.
    package var offset: Int
    /// Counted from 1; lines end at a line feed.
    package var line: Int
    /// The byte's position within its line, counted from 1.
    package var column: Int

    package init(_ reason: Reason, at offset: Int, in text: [UInt8]) {
        self.reason = reason
        self.offset = offset
        line = 1
        var lineStart = 0
        for index in 0..<min(offset, text.count) where text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        column = offset - lineStart + 1
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "line \(line), column \(column) (byte \(offset)): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpected(let expected, nil): "the text ends, expected \(expected)"
        case .unexpected(let expected, let found?): "found \(Self.shown(found)), expected \(expected)"
        case .trailingBytes: "something follows the value, expected the end of the text"
        case .invalidUTF8: "the string is not valid UTF-8"
        case .controlCharacter(let byte): "\(Self.shown(byte)) inside a string, expected it escaped"
        case .invalidEscape: "unknown escape in a string, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"
        case .loneSurrogate: "half of a surrogate pair in a \\u escape"
        case .unterminatedString: "the text ends inside a string"
        case .invalidNumber: "not a JSON number"
        case .numberTooLong(let limit): "the number has more than \(limit) characters"
        case .nestedTooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooManyValues(let limit): "there are more than \(limit) values"
        case .duplicateKey(let key): "the key \"\(key)\" occurs twice in one object"
        }
    }

    /// Printable ASCII in quotes, anything else as a number, so that an error is safe to print.
    private static func shown(_ byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7F { return "'\(Character(UnicodeScalar(byte)))'" }
        return "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
