/// Text from outside on a terminal: nothing in it is obeyed, and its width is known.
package enum TerminalText {
    /// The text with control characters, and those that turn its direction or cannot be seen, written as `\u{1B}`.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) {
                result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        case 0xE0000...0xE0FFF, 0xFFF0...0xFFFB: true
        default: false
        }
    }

    /// How many columns the text takes, as most terminals count.
    package static func width(of text: some StringProtocol) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    private static func width(of character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars.prefix(longestCluster) {
            if scalar.value == 0xFE0F || isWide(scalar.value) { return 2 }
            if !isCombining(scalar) { width = 1 }
        }
        return width
    }

    /// Marks beyond this many on one character are cut off.
    private static let longestCluster = 8

    private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: true
        default: false
        }
    }

    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// The text in exactly `columns` columns: cut with an ellipsis, or filled up with spaces.
    package static func fitted(_ text: String, _ columns: Int) -> String {
        guard columns > 0 else { return "" }
        var kept = ""
        var used = 0
        /// Where the text would be cut, should it prove too long: one column is kept for the ellipsis.
        var cut = ("", 0)
        for character in text {
            let width = width(of: character)
            if used + width > columns {
                return cut.0 + "…" + String(repeating: " ", count: columns - cut.1 - 1)
            }
            var whole = Substring()
            whole.unicodeScalars.append(contentsOf: character.unicodeScalars.prefix(longestCluster))
            kept += whole
            used += width
            if used < columns { cut = (kept, used) }
        }
        return kept + String(repeating: " ", count: columns - used)
    }

    package static func rightAligned(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(of: text))) + text
    }
}
