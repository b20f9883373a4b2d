/// A named way to know secrets by their form inside of text.
struct ValueRule: Sendable {
    /// What finds the secrets once a literal of the rule was seen.
    enum Finder: Sendable {
        case pattern(ValuePattern)
        /// A forbidden name, then a separator, then the secret.
        case assignment
        case userinfo
        case driverUserinfo
        case authorization
        case privateKey
        case sql
    }

    let name: String
    let finder: Finder
    /// One of these is in each text that has such a secret. Empty: every text is looked at.
    let literals: [SearchLiteral]
    /// For patterns: how far the match begins before its literal; nil if that is not fixed.
    var literalOffset: Int?

    init(name: String, finder: Finder, literals: [SearchLiteral]) {
        self.name = name
        self.finder = finder
        self.literals = literals
    }

    init(name: String, pattern: ValuePattern) {
        self.name = name
        finder = .pattern(pattern)
        let found = pattern.literal
        literals = found.map { [$0.literal] } ?? []
        literalOffset = found?.offset
    }
}

extension ValueRule {
    static let namedValues = "named_values"
    static let sqlLiterals = "sql_literals"

    /// The rules that are not patterns. Those for names look for what the key rules look for.
    private static func builtIn(_ keys: KeyRules) -> [ValueRule] {
        let words = keys.globs.compactMap(\.literal)
        return [
            ValueRule(name: namedValues, finder: .assignment, literals: words),
            ValueRule(name: sqlLiterals, finder: .sql, literals: words),
            ValueRule(name: "url_userinfo", finder: .userinfo, literals: [SearchLiteral("@".utf8)]),
            ValueRule(
                name: "url_userinfo", finder: .driverUserinfo,
                literals: ["@tcp(", "@unix("].map { SearchLiteral($0.utf8) }),
            ValueRule(
                name: "authorization", finder: .authorization,
                literals: ["bearer ", "basic "].map { SearchLiteral($0.utf8, ignoresCase: true) }),
            ValueRule(name: "private_key", finder: .privateKey, literals: [SearchLiteral("PRIVATE KEY".utf8)]),
        ]
    }

    /// Names that `redact.values` takes, in the order of the documentation.
    static let names: [String] = {
        var names = [namedValues, sqlLiterals, "url_userinfo", "authorization", "private_key"]
        for (name, _) in BuiltInPatterns.all where !names.contains(name) { names.append(name) }
        return names
    }()

    /// The rules of these names, and after them the patterns of the configuration.
    static func make(_ wanted: Set<String>, keys: KeyRules, custom: [(name: String, pattern: ValuePattern)])
        -> [ValueRule]
    {
        var rules = builtIn(keys).filter { wanted.contains($0.name) }
        for (name, pattern) in BuiltInPatterns.all where wanted.contains(name) {
            rules.append(ValueRule(name: name, pattern: pattern))
        }
        for (name, pattern) in custom { rules.append(ValueRule(name: name, pattern: pattern)) }
        return rules
    }
}
