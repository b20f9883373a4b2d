/// Builds one log line of at most `maximumBytes`, its newline included. What does not fit is cut, and said to be.
struct LogLine {
    static let maximumBytes = 1_024
    /// Room kept for a closing quote, `,"truncated":true}` and the newline.
    private static let reserved = 24

    private let format: Log.Format
    private var bytes: [UInt8] = []
    private var isTruncated = false

    init(format: Log.Format) {
        self.format = format
        bytes.reserveCapacity(256)
        if format == .json { bytes.append(UInt8(ascii: "{")) }
    }

    mutating func add(_ key: String, _ value: any CustomStringConvertible) {
        guard !isTruncated else { return }
        let head = separator + (format == .json ? "\"\(Self.escaped(key, as: .json))\":" : Self.plainKey(key) + "=")
        guard bytes.count + head.utf8.count + 2 <= Self.maximumBytes - Self.reserved else {
            isTruncated = true
            return
        }
        bytes.append(contentsOf: head.utf8)
        let text = value.description
        let isBare = format == .json ? Self.isJSONLiteral(value) : Self.isPlain(text)
        if !isBare { bytes.append(UInt8(ascii: "\"")) }
        append(text)
        if !isBare { bytes.append(UInt8(ascii: "\"")) }
    }

    consuming func finish() -> [UInt8] {
        var line = bytes
        if isTruncated {
            line.append(contentsOf: (format == .json ? ",\"truncated\":true" : " truncated=true").utf8)
        }
        if format == .json { line.append(UInt8(ascii: "}")) }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private var separator: String {
        switch format {
        case .json: bytes.count > 1 ? "," : ""
        case .keyValue: bytes.isEmpty ? "" : " "
        }
    }

    /// Stops before the first character that would not fit.
    private mutating func append(_ text: String) {
        for scalar in text.unicodeScalars {
            let escaped = Self.escaped(scalar, as: format)
            guard bytes.count + escaped.utf8.count <= Self.maximumBytes - Self.reserved else {
                isTruncated = true
                return
            }
            bytes.append(contentsOf: escaped.utf8)
        }
    }

    private static func escaped(_ text: String, as format: Log.Format) -> String {
        text.unicodeScalars.map { escaped($0, as: format) }.joined()
    }

    /// Control, format (bidirectional marks among them), line-breaking and unassignable characters are written by number.
    private static func escaped(_ scalar: Unicode.Scalar, as format: Log.Format) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case " "..."~": return String(scalar)
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            guard format == .json else { return "\\u{\(String(scalar.value, radix: 16))}" }
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        default: return String(scalar)
        }
    }

    /// Keys come from the program; anything else in one becomes an underscore so that the line can still be split.
    private static func plainKey(_ key: String) -> String {
        String(decoding: key.utf8.map { isPlainByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumBytes && text.utf8.allSatisfy(isPlainByte)
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\"")
            && byte != UInt8(ascii: "\\")
    }

    private static func isJSONLiteral(_ value: any CustomStringConvertible) -> Bool {
        if let number = value as? Double { return number.isFinite }
        return value is any BinaryInteger || value is Bool
    }
}
