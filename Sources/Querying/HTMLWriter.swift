/// Appends HTML to a byte array. Markup comes from the program's own text alone; everything else is escaped for element and
/// attribute alike, and what cannot be seen or turns the direction of text is written out, as in `⟨U+202E⟩`.
struct HTMLWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func number(_ value: some FixedWidthInteger) { bytes.append(contentsOf: String(value).utf8) }

    /// Per cent with three decimals, between 0 and 100.
    mutating func percent(_ part: UInt64, of whole: UInt64) {
        let share = whole == 0 ? 0 : Double(min(part, whole)) / Double(whole)
        let scaled = Int((share * 100_000).rounded())
        let decimals = String(scaled % 1000)
        bytes.append(
            contentsOf: "\(scaled / 1000).\(String(repeating: "0", count: 3 - decimals.count))\(decimals)%".utf8)
    }

    /// - Parameters:
    ///   - limit: characters (scalars) that are written; how many are left out is said.
    ///   - keepsLines: whether line ends and tabs stay what they are.
    mutating func text(_ text: String, limit: Int = .max, keepsLines: Bool = false) {
        var left = limit
        var cut = text.unicodeScalars.endIndex
        var index = text.unicodeScalars.startIndex
        while index < text.unicodeScalars.endIndex {
            guard left > 0 else {
                cut = index
                break
            }
            left -= 1
            scalar(text.unicodeScalars[index], keepsLines)
            index = text.unicodeScalars.index(after: index)
        }
        guard cut < text.unicodeScalars.endIndex else { return }
        let more = text.unicodeScalars[cut...].count
        bytes.append(contentsOf: "… (\(more) more character\(more == 1 ? "" : "s") cut)".utf8)
    }

    /// A name, cut without many words, and kept from changing the direction of what stands beside it.
    mutating func name(_ text: String, orElse fallback: StaticString) {
        guard !text.isEmpty else { return markup(fallback) }
        markup("<bdi>")
        let scalars = text.unicodeScalars
        for one in scalars.prefix(Self.longestName) { scalar(one, false) }
        if scalars.dropFirst(Self.longestName).first != nil { markup("…") }
        markup("</bdi>")
    }

    private static let longestName = 120

    private mutating func scalar(_ scalar: Unicode.Scalar, _ keepsLines: Bool) {
        switch scalar {
        case "&": markup("&amp;")
        case "<": markup("&lt;")
        case ">": markup("&gt;")
        case "\"": markup("&quot;")
        case "'": markup("&#39;")
        case "\n" where keepsLines, "\t" where keepsLines: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        default:
            if Self.isUnseen(scalar.value) {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let zeros = String(repeating: "0", count: max(0, 4 - digits.count))
                bytes.append(contentsOf: "⟨U+\(zeros)\(digits)⟩".utf8)
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    private static func isUnseen(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x80...0x2FF: value == 0xAD
        case 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x3164, 0xFFA0: true
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF0...0xFFFB: true
        case 0x1D173...0x1D17A, 0xE0000...0xE0FFF: true
        default: false
        }
    }
}
