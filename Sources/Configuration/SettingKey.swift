/// One key of a program's configuration: its name, the property it sets, what values it takes and why one would set it.
package struct SettingKey<Configuration: Sendable>: Sendable {
    /// Section and key, such as `batch.max_spans`.
    package let name: String
    /// One line for the reference file.
    package let why: String
    /// Completes "expected …".
    package let expected: String
    /// Whether SIGHUP may change it while the program runs.
    package let isReloadable: Bool
    /// Whether its value is kept out of logs.
    let isSecret: Bool
    private let read: @Sendable (String, inout Configuration) -> Bool
    private let write: @Sendable (Configuration) -> String
    private let transfer: @Sendable (Configuration, inout Configuration) -> Void

    package init<Value>(
        _ name: String, _ property: any WritableKeyPath<Configuration, Value> & Sendable, _ type: SettingType<Value>,
        why: String, reloadable: Bool = false, secret: Bool = false
    ) {
        precondition(name.contains("."), "'\(name)' needs a section")
        self.name = name
        self.why = why
        expected = type.expected
        isReloadable = reloadable
        isSecret = secret
        read = { text, configuration in
            guard let value = type.parse(text) else { return false }
            configuration[keyPath: property] = value
            return true
        }
        write = { type.format($0[keyPath: property]) }
        transfer = { $1[keyPath: property] = $0[keyPath: property] }
    }

    /// `forward.max_delay` is read from `HMS_FORWARD_MAX_DELAY`.
    package var environmentVariable: String {
        "HMS_" + String(name.map { $0 == "." ? "_" : $0 }).uppercased()
    }

    var section: String { String(name.prefix { $0 != "." }) }
    /// What stands left of the equals sign in its section.
    var keyInSection: String { String(name.dropFirst(section.count + 1)) }

    /// Sets the property; false when the text is not a value of this key.
    func apply(_ text: String, to configuration: inout Configuration) -> Bool { read(text, &configuration) }

    func copy(from source: Configuration, to target: inout Configuration) { transfer(source, &target) }

    /// The property's value as an operator would write it.
    package func text(of configuration: Configuration) -> String { write(configuration) }
}
