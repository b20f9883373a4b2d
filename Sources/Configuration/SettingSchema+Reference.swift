extension SettingSchema {
    /// The reference file: every key with its default, below the line that says why one would set it.
    package func referenceFile(introduction: [String]) -> String {
        var text = introduction.map { "# \($0)\n" }.joined()
        var section = ""
        for key in keys {
            if key.section != section {
                section = key.section
                text += "\n[\(section)]\n"
            }
            let value = quotedIfNeeded(key.text(of: defaults))
            text += "# \(key.why)\n\(key.keyInSection) =\(value.isEmpty ? "" : " ")\(value)\n"
        }
        return text
    }

    /// What a reference file lacks: keys that are missing, have another default, or lack their line of why. A test of each
    /// program expects none for the file at the top of the repository.
    package func gaps(inReferenceFile text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let file = ConfigurationFile(name: "reference", text: text)
        var gaps = file.problems.map(\.description)
        for key in keys {
            guard let found = file.assignments.first(where: { $0.name == key.name }) else {
                gaps.append("'\(key.name)' is missing")
                continue
            }
            if found.value != key.text(of: defaults) {
                gaps.append("'\(key.name)' is '\(found.value)', its default is '\(key.text(of: defaults))'")
            }
            if found.line < 2 || lines[found.line - 2] != "# \(key.why)" {
                gaps.append("'\(key.name)' lacks the line '# \(key.why)' above it")
            }
        }
        for assignment in file.assignments where key(assignment.name) == nil {
            gaps.append("'\(assignment.name)' is not a setting")
        }
        return gaps
    }

    private func quotedIfNeeded(_ value: String) -> String {
        value.contains(" #") || value.hasPrefix("#") || value.hasPrefix("\"") ? "\"\(value)\"" : value
    }
}
