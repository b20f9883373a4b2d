/// Every key of one program, told once. Reading the file, the environment and `--set`, the errors, the reference file and
/// the list of changes at a reload all come from this list. The defaults are the configuration's property initialisers.
///
///     static let schema = SettingSchema(defaults: SidecarConfiguration(), keys: [
///         SettingKey("batch.max_spans", \.maxSpansPerBatch, .integer(in: 1...65_536),
///             why: "Larger batches compress better, smaller ones arrive sooner."),
///     ])
package struct SettingSchema<Configuration: Sendable>: Sendable {
    package let defaults: Configuration
    package let keys: [SettingKey<Configuration>]
    /// Rules that concern several keys, asked once every value is read. Each answers the key to blame and what is wrong.
    package let checks: [@Sendable (Configuration) -> SettingConflict?]
    let index: [String: Int]

    package init(
        defaults: Configuration, keys: [SettingKey<Configuration>],
        checks: [@Sendable (Configuration) -> SettingConflict?] = []
    ) {
        self.defaults = defaults
        self.keys = keys
        self.checks = checks
        index = Dictionary(
            keys.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { preconditionFailure("'\(keys[$1].name)' is described twice, at \($0) and \($1)") })
    }

    package func key(_ name: String) -> SettingKey<Configuration>? { index[name].map { keys[$0] } }

    /// The key an operator may have meant: few edits away, or the same last part in another section.
    func suggestion(for name: String) -> String? {
        let close = keys.map { (name: $0.name, distance: editDistance($0.name, name)) }
            .min { $0.distance < $1.distance }
        if let close, close.distance <= max(2, close.name.utf8.count / 4) { return close.name }
        let last = name.split(separator: ".").last
        return keys.first { $0.name.split(separator: ".").last == last }?.name
    }
}

/// A rule over several keys that does not hold.
package struct SettingConflict: Equatable, Sendable {
    package var key: String
    /// Follows the key and its value in the sentence, such as `is reachable from outside; set 'tls.certificate'`.
    package var reason: String

    package init(key: String, reason: String) {
        self.key = key
        self.reason = reason
    }
}

/// Insertions, deletions and replacements that turn one word into the other, counted over at most 64 bytes of each.
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.utf8.prefix(64))
    let right = Array(right.utf8.prefix(64))
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let replaced = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[right.count]
}
