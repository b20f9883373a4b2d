/// What is changed in telemetry before it is kept: a plain value, made from the configuration and shared by all loops.
package struct RefiningRules: Sendable {
    let redaction: Redaction?
    let sampling: [SamplingRule]
    let enrichment: Enrichment?

    /// Changes nothing.
    package static let none = RefiningRules(redaction: nil, sampling: [], enrichment: nil)

    private init(redaction: Redaction?, sampling: [SamplingRule], enrichment: Enrichment?) {
        self.redaction = redaction
        self.sampling = sampling
        self.enrichment = enrichment
    }

    /// Those that take secrets away and do nothing else.
    init(redaction: Redaction?) { self.init(redaction: redaction, sampling: [], enrichment: nil) }

    /// How secrets are known and what becomes of them.
    package struct RedactionOptions: Sendable {
        package var mode = RedactionMode.mask
        package var salt: RedactionSalt?
        /// Globs of keys whose values are secret.
        package var keys = KeyRules.defaultRedact
        /// Globs of keys that are not, though one of `keys` fits.
        package var keptKeys = KeyRules.defaultKeep
        /// Names of rules for values; nil for all of them.
        package var values: [String]?
        /// `name: pattern; name: pattern`.
        package var patterns = ""

        package init() {}
    }

    /// - Parameters:
    ///   - redaction: nil to redact nothing.
    ///   - sampling: rules as in `sample.rules`.
    ///   - attributes: for each resource that does not have them; the first of a key counts.
    package init(
        redaction options: RedactionOptions?, sampling: String, attributes: [(key: String, value: String)]
    ) throws(RuleError) {
        redaction = if let options { try Redaction(options) } else { nil }
        self.sampling = try SamplingRule.parse(sampling)
        enrichment = Enrichment(attributes, without: redaction)
    }

    package var changesNothing: Bool { redaction == nil && sampling.isEmpty && enrichment == nil }

    /// By which redactions are counted, without repetitions.
    package var redactionRuleNames: [String] {
        var names: [String] = []
        for name in redaction?.ruleNames ?? [] where !names.contains(name) { names.append(name) }
        return names
    }

    package var samplingRuleNames: [String] { sampling.map(\.text) }
}

extension RefiningRules.RedactionOptions {
    /// Throws what is wrong with them, without the work of making rules.
    package func check() throws(RuleError) { _ = try parsed() }

    fileprivate func parsed() throws(RuleError) -> (keys: KeyRules, rules: [ValueRule]) {
        let keyRules = try KeyRules(redact: keys, keep: keptKeys)
        for name in values ?? [] where !ValueRule.names.contains(name) {
            throw RuleError(name, "is no rule for values; there are \(ValueRule.names.joined(separator: ", "))")
        }
        let custom = try Redaction.patterns(patterns)
        return (keyRules, ValueRule.make(Set(values ?? ValueRule.names), keys: keyRules, custom: custom))
    }
}

extension Redaction {
    init(_ options: RefiningRules.RedactionOptions) throws(RuleError) {
        let (keys, rules) = try options.parsed()
        self.init(
            keys: keys, rules: rules,
            replacement: Replacement(mode: options.mode, salt: options.salt ?? RedactionSalt.ofProcess))
    }

    /// Reads `name: pattern; name: pattern`, where `\;` is a semicolon of a pattern.
    static func patterns(_ text: String) throws(RuleError) -> [(name: String, pattern: ValuePattern)] {
        var parts: [String] = [""]
        var isEscaped = false
        for character in text {
            if character == ";", !isEscaped {
                parts.append("")
            } else {
                if character == ";" { parts[parts.count - 1].removeLast() }
                parts[parts.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        var patterns: [(name: String, pattern: ValuePattern)] = []
        for part in parts {
            let trimmed = trimmingSpaces(part)
            guard !trimmed.isEmpty else { continue }
            guard let colon = trimmed.firstIndex(of: ":") else {
                throw RuleError(trimmed, "has no name; expected name: pattern")
            }
            let name = String(trimmed[..<colon])
            guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy({ ByteSet.word.contains($0) }) else {
                throw RuleError(trimmed, "has a name that is not of 1 to 64 letters, digits and underscores")
            }
            patterns.append((name, try ValuePattern(trimmingSpaces(String(trimmed[trimmed.index(after: colon)...])))))
        }
        guard patterns.count <= 64 else { throw RuleError(text, "has more than 64 patterns") }
        return patterns
    }

    private static func trimmingSpaces(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
