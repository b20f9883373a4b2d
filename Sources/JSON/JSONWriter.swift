/// Appends one JSON text to a byte array. Commas, colons and indentation come by themselves; calls must nest as JSON does.
/// Text is escaped so that the output holds no control character, whether from C0, DEL or C1: it is safe on a terminal.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8]
    private let isPretty: Bool
    /// For each open object or array, whether it has an element already.
    private var hasElement: [Bool] = []
    private var isAfterKey = false

    package init(pretty: Bool = false, capacity: Int = 256) {
        isPretty = pretty
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    package mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginObject()
        try body(&self)
        endObject()
    }

    package mutating func array<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginArray()
        try body(&self)
        endArray()
    }

    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        if isPretty { bytes.append(UInt8(ascii: " ")) }
        isAfterKey = true
    }

    package mutating func string(_ value: String) { string(value.utf8Span.span) }

    /// A string whose bytes are valid UTF-8 already.
    package mutating func string(_ utf8: Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        utf8.withUnsafeBufferPointer { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func number(_ value: some FixedWidthInteger) { literal(value.description) }

    /// The shortest digits that read back as the same number. What JSON has no number for becomes the string "NaN",
    /// "Infinity" or "-Infinity".
    package mutating func double(_ value: Double) {
        if value.isFinite {
            literal(value.description)
        } else {
            string(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
        }
    }

    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }
    package mutating func null() { literal("null") }

    /// Text that is one JSON value already.
    package mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        hasElement.append(false)
    }

    private mutating func end(_ bracket: UInt8) {
        precondition(!hasElement.isEmpty && !isAfterKey, "JSONWriter: an end without its beginning or value")
        if hasElement.removeLast() { newLine() }
        bytes.append(bracket)
    }

    private mutating func separate() {
        if isAfterKey {
            isAfterKey = false
            return
        }
        guard let last = hasElement.indices.last else { return }
        if hasElement[last] { bytes.append(UInt8(ascii: ",")) }
        hasElement[last] = true
        newLine()
    }

    private mutating func newLine() {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: hasElement.count * 2))
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var plain = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            // U+0080 to U+009F are C2 80 to C2 9F.
            let isC1 = byte == 0xC2 && index + 1 < text.count && text[index + 1] < 0xA0
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte != 0x7F, !isC1 {
                index += 1
                continue
            }
            bytes.append(contentsOf: text[plain..<index])
            if isC1 {
                appendUnicodeEscape(text[index + 1])
                index += 2
            } else {
                appendEscape(byte)
                index += 1
            }
            plain = index
        }
        bytes.append(contentsOf: text[plain..<text.count])
    }

    private mutating func appendEscape(_ byte: UInt8) {
        let short: UInt8? =
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0A: UInt8(ascii: "n")
            case 0x0C: UInt8(ascii: "f")
            case 0x0D: UInt8(ascii: "r")
            default: nil
            }
        if let short {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(short)
        } else {
            appendUnicodeEscape(byte)
        }
    }

    private mutating func appendUnicodeEscape(_ scalar: UInt8) {
        bytes.append(contentsOf: "\\u00".utf8)
        for digit in [scalar >> 4, scalar & 15] {
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
