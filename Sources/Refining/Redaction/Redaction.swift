/// Everything that decides what is a secret, and what becomes of it: a plain value that all loops share.
struct Redaction: Sendable {
    /// What a literal that was seen may be the sign of.
    enum Sign: Sendable, Hashable {
        /// The name of an attribute whose value is secret.
        case key
        /// A secret in a text, by the rule of this place in `rules`.
        case value(Int)
    }

    static let keyRuleName = "keys"

    let keys: KeyRules
    /// What is counted; the key rules come first and are one.
    let ruleNames: [String]
    let rules: [ValueRule]
    let literals: LiteralSet
    /// For each literal.
    let signs: [[Sign]]
    let literalLengths: [Int]
    let replacement: Replacement
    /// A key rule has nothing to look for, so that each key is compared.
    let comparesEveryKey: Bool
    /// Rules that have nothing to look for, so that each text is looked at.
    let unconditional: [Int]
    let sqlRule: Int?

    init(keys: KeyRules, rules: [ValueRule], replacement: Replacement) {
        self.keys = keys
        self.rules = rules
        self.replacement = replacement
        ruleNames = [Self.keyRuleName] + rules.map(\.name)
        var places: [SearchLiteral: Int] = [:]
        var list: [SearchLiteral] = []
        var signs: [[Sign]] = []
        let loose = Set((keys.globs.compactMap(\.literal) + rules.flatMap(\.literals)).filter { !$0.endsWord })
        func add(_ wanted: SearchLiteral, _ sign: Sign) {
            // Where a word is looked for that may go on, there is no need to look for the one that may not.
            let literal = loose.contains(wanted.withinWord) ? wanted.withinWord : wanted
            let place = places[literal] ?? list.count
            if place == list.count {
                places[literal] = place
                list.append(literal)
                signs.append([])
            }
            if !signs[place].contains(sign) { signs[place].append(sign) }
        }
        var comparesEveryKey = false
        for glob in keys.globs {
            if let literal = glob.literal { add(literal, .key) } else { comparesEveryKey = true }
        }
        var unconditional: [Int] = []
        for (place, rule) in rules.enumerated() {
            if rule.literals.isEmpty, case .pattern = rule.finder { unconditional.append(place) }
            for literal in rule.literals { add(literal, .value(place)) }
        }
        self.comparesEveryKey = comparesEveryKey
        self.unconditional = unconditional
        self.signs = signs
        literalLengths = list.map(\.bytes.count)
        literals = LiteralSet(list)
        sqlRule = rules.firstIndex { $0.name == ValueRule.sqlLiterals }
    }

    /// Whether a message has to be read field by field although nothing was found in it.
    var readsEverything: Bool { comparesEveryKey || !unconditional.isEmpty }
}
