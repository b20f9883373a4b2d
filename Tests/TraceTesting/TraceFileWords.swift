/// The words of one line: plain, `"quoted"`, or `key=value` with a value of either sort. `#` begins a comment where a word
/// could begin.
struct TraceFileWords {
    struct Word {
        var text: String
        /// What stands behind the first `=`; nil where there is none.
        var value: String?
        /// Whether the text (without a value) or the value was quoted.
        var isQuoted = false
    }

    private var rest: Substring.UnicodeScalarView

    init(_ line: Substring) { rest = line.unicodeScalars }

    mutating func required(_ what: String) throws(TraceFileError.Reason) -> String {
        guard let word = try next() else { throw .missing(what) }
        return word.value.map { word.text + "=" + $0 } ?? word.text
    }

    mutating func expect(_ wanted: String) throws(TraceFileError.Reason) {
        let found = try required("'\(wanted)'")
        guard found == wanted else { throw .unexpected(found, expected: "'\(wanted)'") }
    }

    mutating func finish() throws(TraceFileError.Reason) {
        if let word = try next() { throw .unexpected(word.text, expected: "the end of the line") }
    }

    mutating func next() throws(TraceFileError.Reason) -> Word? {
        while rest.first == " " { rest.removeFirst() }
        guard let first = rest.first, first != "#" else { return nil }
        if first == "\"" { return Word(text: try quoted(), value: nil, isQuoted: true) }
        var word = Word(text: "", value: nil)
        while let scalar = rest.first, scalar != " " {
            rest.removeFirst()
            if scalar == "=", word.value == nil, !word.text.isEmpty {
                if rest.first == "\"" {
                    (word.value, word.isQuoted) = (try quoted(), true)
                    break
                }
                word.value = ""
            } else if word.value == nil {
                word.text.unicodeScalars.append(scalar)
            } else {
                word.value?.unicodeScalars.append(scalar)
            }
        }
        return word
    }

    private mutating func quoted() throws(TraceFileError.Reason) -> String {
        rest.removeFirst()
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"":
                guard rest.first == nil || rest.first == " " else { throw .badText("no space behind a quoted text") }
                return String(text)
            case "\\": text.append(try escaped())
            default: text.append(scalar)
            }
        }
        throw .badText("a quoted text does not end")
    }

    private mutating func escaped() throws(TraceFileError.Reason) -> Unicode.Scalar {
        switch rest.popFirst() {
        case "\"": return "\""
        case "\\": return "\\"
        case "n": return "\n"
        case "t": return "\t"
        case "u":
            guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}"),
                let value = UInt32(String(rest[..<end]), radix: 16), let scalar = Unicode.Scalar(value)
            else { throw .badText("\\u is not followed by {hexadecimal digits}") }
            rest = rest[rest.index(after: end)...]
            return scalar
        default: throw .badText("a backslash is not followed by \", \\, n, t or u{…}")
        }
    }
}
