import Configuration
import Glibc
import Refining

/// What is changed in telemetry before it is kept, as it is configured.
struct RefiningSettings: Sendable {
    enum Redaction: String, CaseIterable, Sendable { case drop, mask, hash, off }

    var attributes = ""
    var readsEnvironment = true
    var downwardDirectory: String?
    var redaction = Redaction.mask
    var keys = RefiningRules.RedactionOptions().keys.joined(separator: ", ")
    var keptKeys = RefiningRules.RedactionOptions().keptKeys.joined(separator: ", ")
    var values = "all"
    var patterns = ""
    var salt: String?
    var samplingRules = ""

    private static func text(_ expected: String) -> SettingType<String> {
        SettingType<String>(expected: expected, parse: { $0.utf8.count <= 16_384 ? $0 : nil }, format: { $0 })
    }

    static let settingKeys: [SettingKey<SidecarSettings>] = [
        SettingKey(
            "enrich.attributes", \SidecarSettings.refining.attributes, text("key=value pairs separated by commas"),
            why: "Attributes for each resource that does not have them, such as deployment.environment.name=prod.",
            reloadable: true),
        SettingKey(
            "enrich.environment", \SidecarSettings.refining.readsEnvironment, .boolean,
            why: "Adds OTEL_RESOURCE_ATTRIBUTES, and in a pod POD_NAME, NODE_NAME and others (HMS_POD_NAME anywhere).",
            reloadable: true),
        SettingKey(
            "enrich.downward_directory", \SidecarSettings.refining.downwardDirectory,
            SettingType.path.orNone(writtenAs: "none"),
            why: "A downward API volume of Kubernetes, whose files labels and annotations become attributes.",
            reloadable: true),
        SettingKey(
            "redact.mode", \SidecarSettings.refining.redaction, SettingType<Redaction>.word,
            why: "What becomes of secrets: drop the attribute, mask, hash (equal secrets look equal), or off.",
            reloadable: true),
        SettingKey(
            "redact.keys", \SidecarSettings.refining.keys, text("globs separated by commas"),
            why: "Keys whose texts are secret; * and ? stand for characters, and _ - . are the same.", reloadable: true),
        SettingKey(
            "redact.keep_keys", \SidecarSettings.refining.keptKeys, text("globs separated by commas"),
            why: "Keys that are left alone although redact.keys names them.", reloadable: true),
        SettingKey(
            "redact.values", \SidecarSettings.refining.values, text("'all', or names of rules separated by commas"),
            why: "Rules that know secrets inside of texts, such as jwt, url_userinfo, sql_literals.", reloadable: true),
        SettingKey(
            "redact.patterns", \SidecarSettings.refining.patterns, text("'name: pattern' separated by semicolons"),
            why: "Own forms of secrets, such as badge: B-(\\d{6}); see docs/Refining.md.", reloadable: true),
        SettingKey(
            "redact.hash_salt", \SidecarSettings.refining.salt,
            SettingType.text(length: 16...256).orNone(writtenAs: "random"),
            why: "Key of mode hash; set the same for all sidecars to see equal secrets of different pods.",
            reloadable: true, secret: true),
        SettingKey(
            "sample.rules", \SidecarSettings.refining.samplingRules, text("rules separated by semicolons"),
            why: "Which share of spans is kept, such as service=shop name=\"GET /health*\" ratio=0.01; ratio=0.5.",
            reloadable: true),
    ]

    // MARK: from text to rules

    private struct Refusal: Error {
        let key: String
        let reason: String
    }

    /// What is wrong with the settings, at the key where it is.
    var conflict: SettingConflict? {
        do throws(Refusal) {
            _ = try pairs()
        } catch {
            return SettingConflict(key: error.key, reason: error.reason)
        }
        let parts: [(String, () throws(RuleError) -> Void)] = [
            (
                "sample.rules",
                { () throws(RuleError) in
                    _ = try RefiningRules(redaction: nil, sampling: samplingRules, attributes: [])
                }
            ),
            ("redact.keys", { () throws(RuleError) in try check { $0.keys = Self.list(keys) } }),
            ("redact.keep_keys", { () throws(RuleError) in try check { $0.keptKeys = Self.list(keptKeys) } }),
            ("redact.values", { () throws(RuleError) in try check { $0.values = valueNames } }),
            ("redact.patterns", { () throws(RuleError) in try check { $0.patterns = patterns } }),
        ]
        for (key, part) in parts {
            do throws(RuleError) {
                try part()
            } catch {
                return SettingConflict(key: key, reason: "cannot be used: \(error)")
            }
        }
        return nil
    }

    private func check(_ edit: (inout RefiningRules.RedactionOptions) -> Void) throws(RuleError) {
        var options = RefiningRules.RedactionOptions()
        (options.keys, options.keptKeys, options.values) = ([], [], [])
        edit(&options)
        try options.check()
    }

    private var valueNames: [String]? { values == "all" ? nil : Self.list(values) }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private func pairs() throws(Refusal) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        for part in Self.list(attributes) {
            guard let equals = part.firstIndex(of: "="), equals > part.startIndex else {
                throw Refusal(key: "enrich.attributes", reason: "has '\(part)', which is not key=value")
            }
            pairs.append((Self.trimmed(part[..<equals]), Self.trimmed(part[part.index(after: equals)...])))
        }
        return pairs
    }

    /// The rules in force, with what environment and files say now.
    func rules(environment: [String: String]) throws -> RefiningRules {
        var attributes = try pairs()
        if readsEnvironment {
            attributes += KubernetesIdentity.attributes(environment: environment)
            attributes += ResourceAttributesText.parse(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "")
        }
        if let directory = downwardDirectory {
            for name in ["labels", "annotations"] {
                guard let text = Self.file("\(directory)/\(name)") else { continue }
                attributes += KubernetesIdentity.attributes(
                    file: text, prefix: "k8s.pod.\(name == "labels" ? "label" : "annotation").")
            }
        }
        var options: RefiningRules.RedactionOptions?
        if let mode = RedactionMode(rawValue: redaction.rawValue) {
            var chosen = RefiningRules.RedactionOptions()
            chosen.mode = mode
            chosen.salt = salt.map { RedactionSalt(text: $0) }
            chosen.keys = Self.list(keys)
            chosen.keptKeys = Self.list(keptKeys)
            chosen.values = valueNames
            chosen.patterns = patterns
            options = chosen
        }
        return try RefiningRules(redaction: options, sampling: samplingRules, attributes: attributes)
    }

    private static func file(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
