import Glibc

/// Shows an address in the browser that people have chosen.
package enum Browser {
    /// The program and its arguments, in which `%s` stands for the address; nil where nothing can show a page.
    package static func command(environment: (String) -> String?) -> [String]? {
        if let browser = environment("BROWSER") {
            // A list of alternatives, divided by colons; the first is the one that is wanted most.
            let words = browser.split(separator: ":").first?.split(separator: " ").map(String.init) ?? []
            if !words.isEmpty { return words }
        }
        guard environment("DISPLAY") != nil || environment("WAYLAND_DISPLAY") != nil else { return nil }
        return ["xdg-open"]
    }

    /// Starts it and does not wait for its end; what it says is not kept.
    static func open(_ address: String, with command: [String]) throws(OpsError) {
        var words = command.map { $0.contains("%s") ? replaced($0, by: address) : $0 }
        if !command.contains(where: { $0.contains("%s") }) { words.append(address) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var list: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in list { free(word) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, words[0], &actions, nil, &list, environ)
        guard code == 0 else { throw .cannotStart(words[0], code: code) }
    }

    private static func replaced(_ word: String, by address: String) -> String {
        var result = ""
        var rest = word[...]
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[percent...].dropFirst()
            if rest.first == "s" {
                result += address
                rest = rest.dropFirst()
            } else {
                result += "%"
            }
        }
        return result + rest
    }
}
