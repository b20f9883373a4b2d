/// Reads the text of a `ValuePattern`.
struct ValuePatternParser {
    struct Parsed {
        var ignoresCase = false
        var isAtStart = false
        var elements: [ValuePattern.Element] = []
    }

    private let text: String
    private let bytes: [UInt8]
    private var position = 0
    private var parsed = Parsed()

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    mutating func parse() throws(RuleError) -> Parsed {
        if take("(?i)") { parsed.ignoresCase = true }
        if take("^") { parsed.isAtStart = true }
        while position < bytes.count {
            try parseElement()
            guard parsed.elements.count <= ValuePattern.maximumElements else {
                throw wrong("has more than \(ValuePattern.maximumElements) elements")
            }
        }
        let starts = parsed.elements.filter { $0.kind == .groupStart }.count
        guard starts == parsed.elements.filter({ $0.kind == .groupEnd }).count else {
            throw wrong("has a parenthesis without its other one")
        }
        let least = parsed.elements.reduce(0) { $0 + ($1.isBytes ? $1.minimum : 0) }
        guard least > 0 else { throw wrong("matches an empty text") }
        return parsed
    }

    private mutating func parseElement() throws(RuleError) {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "("):
            guard !parsed.elements.contains(where: { $0.kind == .groupStart }) else {
                throw wrong("has more than one pair of parentheses")
            }
            position += 1
            parsed.elements.append(ValuePattern.Element(kind: .groupStart))
        case UInt8(ascii: ")"):
            guard parsed.elements.contains(where: { $0.kind == .groupStart }),
                !parsed.elements.contains(where: { $0.kind == .groupEnd })
            else { throw wrong("has a parenthesis without its other one") }
            position += 1
            parsed.elements.append(ValuePattern.Element(kind: .groupEnd))
        case UInt8(ascii: "|"): throw wrong("has '|': write a pattern for each case, or '\\|' for the character")
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw wrong("has a count at byte \(position) with nothing before it")
        case UInt8(ascii: "\\") where position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "b"):
            position += 2
            parsed.elements.append(ValuePattern.Element(kind: .wordEdge))
        default:
            var set = try parseUnit()
            if parsed.ignoresCase { set = set.ignoringCase }
            var element = ValuePattern.Element(kind: .bytes(set))
            try parseCount(&element)
            parsed.elements.append(element)
        }
    }

    private mutating func parseUnit() throws(RuleError) -> ByteSet {
        switch bytes[position] {
        case UInt8(ascii: "."):
            position += 1
            return .notLineFeed
        case UInt8(ascii: "["):
            position += 1
            return try parseClass()
        case UInt8(ascii: "\\"):
            position += 1
            return try parseEscape()
        default:
            return one(takeByte())
        }
    }

    private mutating func parseEscape() throws(RuleError) -> ByteSet {
        guard position < bytes.count else { throw wrong("ends with a backslash") }
        let byte = takeByte()
        switch byte {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "w"): return .word
        case UInt8(ascii: "s"): return .blanks
        case UInt8(ascii: "n"): return one(0x0A)
        case UInt8(ascii: "t"): return one(0x09)
        default:
            guard !ASCII.isAlphanumeric(byte) else {
                throw wrong("has '\\\(String(decoding: [byte], as: UTF8.self))', which has no meaning here")
            }
            return one(byte)
        }
    }

    private mutating func parseClass() throws(RuleError) -> ByteSet {
        let isInverted = take("^")
        var set = ByteSet()
        while true {
            guard position < bytes.count else { throw wrong("has '[' without ']'") }
            var byte = takeByte()
            if byte == UInt8(ascii: "]") { break }
            guard byte < 0x80 else { throw wrong("has a character in a class that is not ASCII") }
            if byte == UInt8(ascii: "\\") {
                let escaped = try parseEscape()
                guard let only = escaped.single(ignoringCase: false) else {
                    set.formUnion(escaped)
                    continue
                }
                byte = only
            }
            guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "-"),
                bytes[position + 1] != UInt8(ascii: "]")
            else {
                set.insert(byte)
                continue
            }
            position += 1
            let last = takeByte()
            guard byte <= last, last < 0x80 else { throw wrong("has a range in a class that ends before it begins") }
            for member in byte...last { set.insert(member) }
        }
        guard !set.isEmpty else { throw wrong("has an empty class") }
        return isInverted ? set.inverted : set
    }

    private mutating func parseCount(_ element: inout ValuePattern.Element) throws(RuleError) {
        if take("?") {
            element.minimum = 0
        } else if take("*") {
            (element.minimum, element.maximum) = (0, .max >> 1)
        } else if take("+") {
            element.maximum = .max >> 1
        } else if take("{") {
            element.minimum = try parseNumber()
            element.maximum = element.minimum
            if take(",") {
                element.maximum =
                    position < bytes.count && bytes[position] == UInt8(ascii: "}") ? .max >> 1 : try parseNumber()
            }
            guard take("}"), element.minimum <= element.maximum else {
                throw wrong("has a count that is not {n}, {n,} or {n,m}")
            }
        }
    }

    private mutating func parseNumber() throws(RuleError) -> Int {
        var value = 0
        let start = position
        while position < bytes.count, ASCII.isDigit(bytes[position]) {
            value = value * 10 + Int(takeByte() - UInt8(ascii: "0"))
            guard value <= ValuePattern.maximumCount else {
                throw wrong("has a count over \(ValuePattern.maximumCount)")
            }
        }
        guard position > start else { throw wrong("has a count that is not {n}, {n,} or {n,m}") }
        return value
    }

    private mutating func takeByte() -> UInt8 {
        position += 1
        return bytes[position - 1]
    }

    private mutating func take(_ expected: String) -> Bool {
        guard bytes[position...].starts(with: expected.utf8) else { return false }
        position += expected.utf8.count
        return true
    }

    private func one(_ byte: UInt8) -> ByteSet {
        var set = ByteSet()
        set.insert(byte)
        return set
    }

    private func wrong(_ reason: String) -> RuleError { RuleError(text, reason) }
}

extension ValuePattern.Element {
    var isBytes: Bool { if case .bytes = kind { true } else { false } }
}
