import JSON

/// Pulls values out of a JSON text in the order in which they stand: no tree of the whole is ever built. Where a list, an
/// object or a string may stand, `null` counts as an empty one, since Go programs write that.
struct DocumentReader {
    private var tokenizer: JSONTokenizer
    private var ahead: JSONToken?

    init(_ text: [UInt8], depthLimit: Int) { tokenizer = JSONTokenizer(text, depthLimit: depthLimit) }

    func error(_ reason: ForeignTraceError.Reason) -> ForeignTraceError {
        let offset = tokenizer.tokenStart
        let line = tokenizer.text[..<min(offset, tokenizer.text.count)].count { $0 == UInt8(ascii: "\n") } + 1
        return ForeignTraceError(reason, offset: offset, line: line)
    }

    // MARK: Tokens

    private mutating func peek() throws(ForeignTraceError) -> JSONToken {
        if let ahead { return ahead }
        let token: JSONToken
        do throws(JSONError) {
            token = try tokenizer.next()
        } catch {
            throw ForeignTraceError(.json(error), offset: error.offset, line: error.line)
        }
        ahead = token
        return token
    }

    mutating func isAtObject() throws(ForeignTraceError) -> Bool { try peek() == .beginObject }
    mutating func isAtArray() throws(ForeignTraceError) -> Bool { try peek() == .beginArray }

    private mutating func take() throws(ForeignTraceError) -> JSONToken {
        let token = try peek()
        ahead = nil
        return token
    }

    /// Passes over the next value, checking it like any other.
    mutating func skip() throws(ForeignTraceError) {
        var level = 0
        repeat {
            switch try take() {
            case .beginObject, .beginArray: level += 1
            case .endObject, .endArray: level -= 1
            default: break
            }
        } while level > 0
    }

    mutating func finish() throws(ForeignTraceError) {
        guard try take() == .end else { throw error(.mismatch(field: "document", expected: "one JSON value")) }
    }

    // MARK: Objects and arrays

    /// False when there is `null` instead; otherwise the members follow, by `nextKey`.
    mutating func beginObject(_ field: String) throws(ForeignTraceError) -> Bool {
        switch try take() {
        case .beginObject: return true
        case .null: return false
        default: throw error(.mismatch(field: field, expected: "an object"))
        }
    }

    /// Nil when the object ends here.
    mutating func nextKey() throws(ForeignTraceError) -> String? {
        if case .key(let key) = try take() { tokenizer.string(key) } else { nil }
    }

    /// False when there is `null` instead; otherwise the elements follow, each behind a true `hasElement`.
    mutating func beginArray(_ field: String) throws(ForeignTraceError) -> Bool {
        switch try take() {
        case .beginArray: return true
        case .null: return false
        default: throw error(.mismatch(field: field, expected: "an array"))
        }
    }

    /// Whether the array goes on; passes over its end otherwise.
    mutating func hasElement() throws(ForeignTraceError) -> Bool {
        guard try peek() == .endArray else { return true }
        ahead = nil
        return false
    }

    // MARK: Scalars

    mutating func string(_ field: String) throws(ForeignTraceError) -> String {
        switch try take() {
        case .string(let text): return tokenizer.string(text)
        case .null: return ""
        default: throw error(.mismatch(field: field, expected: "a string"))
        }
    }

    mutating func bool(_ field: String) throws(ForeignTraceError) -> Bool {
        switch try take() {
        case .bool(let value): return value
        case .null: return false
        default: throw error(.mismatch(field: field, expected: "true or false"))
        }
    }

    /// A number, or a string that holds one; nil for `null`.
    mutating func number(_ field: String) throws(ForeignTraceError) -> ForeignNumber? {
        switch try take() {
        case .number(let number): return ForeignNumber(text: tokenizer.text(number))
        case .string(let text):
            let text = tokenizer.string(text)
            guard JSONTokenizer.number(inText: text) != nil else {
                throw error(.mismatch(field: field, expected: "a number"))
            }
            return ForeignNumber(text: text)
        case .null: return nil
        default: throw error(.mismatch(field: field, expected: "a number"))
        }
    }

    /// Any value; objects and arrays as the text that stands there.
    mutating func scalar() throws(ForeignTraceError) -> ForeignScalar {
        let first = try peek()
        switch first {
        case .string(let text):
            ahead = nil
            return .string(tokenizer.string(text))
        case .number(let number):
            ahead = nil
            return .number(ForeignNumber(text: tokenizer.text(number)))
        case .bool(let value):
            ahead = nil
            return .bool(value)
        case .null:
            ahead = nil
            return .null
        default:
            let start = tokenizer.tokenStart
            try skip()
            return .composite(String(decoding: tokenizer.text[start...tokenizer.tokenStart], as: UTF8.self))
        }
    }
}

/// A value of a tag before its type is known.
enum ForeignScalar {
    case null
    case bool(Bool)
    case string(String)
    case number(ForeignNumber)
    case composite(String)
}
