/// A configuration that was read without a problem.
package struct ConfigurationReading<Configuration: Sendable>: Sendable {
    package let configuration: Configuration
    /// What does not stop the start but should be logged, such as a variable that no setting answers to.
    package let notes: [String]
}

extension SettingSchema {
    /// Reads all layers: default < file < environment < `--set`. Throws every problem at once.
    ///
    /// `environment` may be the whole environment: only `HMS_…` variables of sections this program has are looked at.
    package func read(
        file: ConfigurationFile? = nil, environment: [String: String] = [:], overrides: [String] = []
    ) throws(ConfigurationError) -> ConfigurationReading<Configuration> {
        var layers = SettingLayers(schema: self)
        if let file { layers.apply(file) }
        layers.apply(environment: environment)
        for text in overrides { layers.apply(override: text) }
        if layers.problems.isEmpty { layers.check() }
        guard layers.problems.isEmpty else { throw ConfigurationError(layers.problems) }
        return ConfigurationReading(configuration: layers.configuration, notes: layers.notes)
    }

    /// What differs between two configurations, for a reload to tell.
    package func changes(from old: Configuration, to new: Configuration) -> [SettingChange] {
        keys.compactMap { key in
            let (before, after) = (key.text(of: old), key.text(of: new))
            guard before != after else { return nil }
            return SettingChange(
                key: key.name, old: key.isSecret ? "(secret)" : before, new: key.isSecret ? "(secret)" : after,
                isReloadable: key.isReloadable)
        }
    }

    /// The configuration in force, with those settings of a fresh one that may change while the program runs.
    package func adopting(_ fresh: Configuration, over inForce: Configuration) -> Configuration {
        var adopted = inForce
        for key in keys where key.isReloadable { key.copy(from: fresh, to: &adopted) }
        return adopted
    }
}

/// One setting that a reload would change.
package struct SettingChange: Equatable, Sendable {
    package let key: String
    package let old: String
    package let new: String
    package let isReloadable: Bool
}

/// Collects values and problems while layer after layer is laid over the defaults.
private struct SettingLayers<Configuration: Sendable> {
    let schema: SettingSchema<Configuration>
    var configuration: Configuration
    var problems: [ConfigurationProblem] = []
    var notes: [String] = []
    /// Where each key's value came from last.
    private var origins: [String: ConfigurationProblem.Origin] = [:]

    init(schema: SettingSchema<Configuration>) {
        self.schema = schema
        configuration = schema.defaults
    }

    mutating func apply(_ file: ConfigurationFile) {
        problems += file.problems
        var firstLines: [String: Int] = [:]
        for assignment in file.assignments {
            let origin = ConfigurationProblem.Origin.file(name: file.name, line: assignment.line)
            if let firstLine = firstLines[assignment.name] {
                report(origin, .duplicate(key: assignment.name, firstLine: firstLine))
                continue
            }
            firstLines[assignment.name] = assignment.line
            set(assignment.name, assignment.value, origin)
        }
        problems.sort { $0.line < $1.line }
    }

    mutating func apply(environment: [String: String]) {
        let names = Dictionary(
            schema.keys.map { ($0.environmentVariable, $0.name) }, uniquingKeysWith: { first, _ in first })
        let sections = Set(schema.keys.map { "HMS_\($0.section.uppercased())_" })
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix("HMS_") {
            if let name = names[variable] {
                set(name, value, .environment(variable: variable))
            } else if sections.contains(where: variable.hasPrefix) {
                // A pod's variables reach every program in it, so another program's setting is no mistake.
                let close = names.keys.min { editDistance($0, variable) < editDistance($1, variable) }
                let hint = close.flatMap { editDistance($0, variable) <= 3 ? "; did you mean \($0)?" : nil } ?? ""
                notes.append("environment \(quotable(variable)) is not a setting of this program\(hint)")
            }
        }
    }

    mutating func apply(override text: String) {
        let origin = ConfigurationProblem.Origin.override(text: text)
        guard let equals = text.firstIndex(of: "=") else {
            report(origin, .syntax("expected section.key=value"))
            return
        }
        let value = trimmingBlanks(text[text.index(after: equals)...])
        set(String(trimmingBlanks(text[..<equals])), String(value), origin)
    }

    mutating func check() {
        for check in schema.checks {
            guard let conflict = check(configuration) else { continue }
            let value = schema.key(conflict.key)?.text(of: configuration) ?? ""
            report(
                origins[conflict.key] ?? .defaults, .conflict(key: conflict.key, value: value, reason: conflict.reason))
        }
    }

    private mutating func set(_ name: String, _ value: String, _ origin: ConfigurationProblem.Origin) {
        guard let key = schema.key(name) else {
            report(origin, .unknownKey(name, suggestion: schema.suggestion(for: name)))
            return
        }
        guard key.apply(value, to: &configuration) else {
            report(origin, .invalidValue(key: name, value: value, expected: key.expected))
            return
        }
        origins[name] = origin
    }

    private mutating func report(_ origin: ConfigurationProblem.Origin, _ kind: ConfigurationProblem.Kind) {
        problems.append(ConfigurationProblem(origin: origin, kind: kind))
    }
}

extension ConfigurationProblem {
    fileprivate var line: Int {
        if case .file(_, let line) = origin { line } else { 0 }
    }
}
