/// How words, keys and texts are written in a query.
enum QuerySpelling {
    static let keywords: Set<String> = ["and", "or", "not", "in", "exists", "true", "false"]

    /// Whether a text without quotation marks may contain it.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-", ":", "/", "@", "+": true
        case "\u{2018}"..."\u{201F}": false
        default:
            !scalar.isASCII && !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    /// Whether the lexer reads it as one word.
    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.isASCII && isWord($0) }
            && !containsRange(text)
    }

    private static func containsRange(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), previous == byte { return true }
            previous = byte
        }
        return false
    }

    static func text(of field: QueryField) -> String {
        switch field {
        case .span(let property): property.word
        case .trace(let property): property.word
        case .attribute(let scope, let key):
            if let prefix = scope.word {
                isPlain(key) && FieldWords.known[prefix + key] == nil ? prefix + key : prefix + quoted(key)
            } else {
                isPlain(key) && FieldWords.isFree(key) ? key : quoted(key)
            }
        }
    }
}
