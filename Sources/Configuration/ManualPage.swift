/// A page of the manual, written in the macros of man(7). Holds any text: nothing in it is taken for a macro.
package struct ManualPage: Sendable {
    /// Such as `hms-ops-trace`; also the name of the file, with the section behind a dot.
    package let name: String
    private var text: String

    package static let section = 1

    /// - Parameter summary: without a full stop; what `apropos` finds.
    package init(_ name: String, summary: String) {
        self.name = name
        text = ".TH \(Self.plain(name.uppercased())) \(Self.section) \"\" \"HMS-OPS \(Product.version)\" \"HMS-OPS\"\n"
        heading("Name")
        text += "\(Self.plain(name)) \\- \(Self.plain(summary))\n"
    }

    package var fileName: String { "\(name).\(Self.section)" }
    package var roff: String { text }

    package mutating func heading(_ title: String) { text += ".SH \(Self.plain(title.uppercased()))\n" }

    /// How a program is called: its name in bold, then words of which those in capitals stand for something.
    package mutating func synopsis(_ program: String, _ words: String) {
        heading("Synopsis")
        text += ".B \(Self.plain(program))\n\(Self.plain(words))\n"
    }

    package mutating func paragraph(_ content: String) { text += ".PP\n\(Self.line(content))\n" }

    /// A term, what may stand behind it, and what it means.
    package mutating func definition(_ term: String, value: String? = nil, _ meaning: String) {
        text += ".TP\n\\fB\(Self.plain(term))\\fR" + (value.map { " \\fI\(Self.plain($0))\\fR" } ?? "")
        text += "\n\(Self.line(meaning))\n"
    }

    package mutating func example(_ command: String, _ meaning: String) {
        text += ".PP\n\(Self.line(meaning)):\n.PP\n.RS 4\n.nf\n\(Self.line(command))\n.fi\n.RE\n"
    }

    package mutating func seeAlso(_ pages: [String]) {
        heading("See also")
        text += pages.map { "\\fB\(Self.plain($0))\\fR(\(Self.section))" }.joined(separator: ",\n") + "\n"
    }

    /// A line of text; one that begins with a dot or an apostrophe would be a macro.
    private static func line(_ content: String) -> String {
        let escaped = plain(content)
        return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
    }

    /// The characters themselves, whatever they mean to roff; those beyond ASCII by their number.
    private static func plain(_ content: String) -> String {
        var escaped = ""
        for scalar in content.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "'": escaped += "\\(aq"
            case "`": escaped += "\\(ga"
            case "^": escaped += "\\(ha"
            case "~": escaped += "\\(ti"
            case "\"": escaped += "\\(dq"
            case "…": escaped += "..."
            case " "..."}": escaped.unicodeScalars.append(scalar)
            case "\n", "\t": escaped += " "
            default: if scalar.value >= 0xA0 { escaped += "\\[u" + number(scalar) + "]" }
            }
        }
        return escaped
    }

    private static func number(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
