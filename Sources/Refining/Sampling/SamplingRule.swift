/// Which share of some spans is kept.
struct SamplingRule: Sendable {
    /// As written, which names the rule in counters.
    let text: String
    let service: TextGlob?
    let name: TextGlob?
    let threshold: SamplingThreshold

    /// Reads `service=checkout name="GET /health*" ratio=0.01; ratio=0.5`. The first rule that fits a span decides.
    static func parse(_ text: String) throws(RuleError) -> [SamplingRule] {
        var rules: [SamplingRule] = []
        for part in try split(text, at: ";") where !part.allSatisfy({ $0 == " " }) {
            rules.append(try SamplingRule(part))
        }
        guard rules.count <= 64 else { throw RuleError(text, "has more than 64 rules") }
        return rules
    }

    private init(_ text: Substring) throws(RuleError) {
        var fields: [String: String] = [:]
        for field in try Self.split(text, at: " ") where !field.isEmpty {
            guard let equals = field.firstIndex(of: "=") else {
                throw RuleError(text, "has '\(field)', expected service=…, name=… and ratio=…")
            }
            let key = String(field[..<equals])
            guard ["service", "name", "ratio"].contains(key) else {
                throw RuleError(text, "has '\(key)', expected service, name or ratio")
            }
            let value = field[field.index(after: equals)...].filter { $0 != "\"" }
            guard fields.updateValue(String(value), forKey: key) == nil else {
                throw RuleError(text, "has '\(key)' twice")
            }
        }
        guard let ratioText = fields["ratio"] else { throw RuleError(text, "has no ratio, such as ratio=0.1") }
        guard let ratio = Double(ratioText), (0...1).contains(ratio) else {
            throw RuleError(text, "has the ratio '\(ratioText)', expected a number from 0 to 1")
        }
        self.text = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        service = fields["service"].map { TextGlob($0) }
        name = fields["name"].map { TextGlob($0) }
        threshold = SamplingThreshold(ratio: ratio)
    }

    /// Splits where the separator is not inside of quotes.
    private static func split(_ text: some StringProtocol, at separator: Character) throws(RuleError) -> [Substring] {
        let text = Substring(text)
        var parts: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        for index in text.indices {
            if text[index] == "\"" { isQuoted.toggle() }
            guard text[index] == separator, !isQuoted else { continue }
            parts.append(text[start..<index])
            start = text.index(after: index)
        }
        guard !isQuoted else { throw RuleError(text, "has a quote that is not closed") }
        parts.append(text[start...])
        return parts
    }
}
