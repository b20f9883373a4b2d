package import Configuration
import Glibc
import HTTP
package import SelfTelemetry
import TLS

/// What `main.swift` of a daemon runs: reads flags, file, environment and `--set`, then hands over.
package struct DaemonProgram<Settings: Sendable> {
    let name: String
    let summary: String
    let schema: SettingSchema<Settings>
    /// Runs until the program is to end and returns its exit code.
    let run: (Settings, ConfigurationSource<Settings>) -> Int32

    package init(
        name: String, summary: String, schema: SettingSchema<Settings>,
        run: @escaping (Settings, ConfigurationSource<Settings>) -> Int32
    ) {
        self.name = name
        self.summary = summary
        self.schema = schema
        self.run = run
    }

    /// Exit codes: 0 ended as asked, 1 the configuration or the start has a problem, 64 the command line is wrong.
    package func start(_ arguments: [String]) -> Int32 {
        let flags: ProgramArguments
        do throws(ArgumentError) {
            flags = try ProgramArguments(arguments.dropFirst())
        } catch {
            printError("\(name): \(error)\n")
            return 64
        }
        switch flags.action {
        case .help:
            printOut(ProgramArguments.usage(program: name, summary: summary))
            return 0
        case .manual:
            printOut(schema.manualPage(program: name, summary: summary).roff)
            return 0
        case .version:
            let used = libraryVersions.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
            printOut("\(name) \(Product.version) (\(used))\n")
            return 0
        case .check, .run: break
        }
        let source = ConfigurationSource(
            schema: schema, file: flags.configurationFile, overrides: flags.overrides, environment: processEnvironment()
        )
        let reading: ConfigurationReading<Settings>
        do throws(UnusableConfiguration) {
            reading = try source.read()
        } catch {
            printError("\(error)\n")
            return 1
        }
        if flags.action == .check {
            for note in reading.notes { printError(note + "\n") }
            printOut("\(flags.configurationFile ?? "configuration") is valid\n")
            return 0
        }
        signal(SIGPIPE, SIG_IGN)
        // A file at its size limit is then an error like a full disk, and not the end of the program.
        signal(SIGXFSZ, SIG_IGN)
        raiseDescriptorLimit()
        for note in reading.notes { Log().warning("configuration_note", note) }
        return run(reading.configuration, source)
    }
}

/// Where a program's settings come from, so that they can be read again while it runs.
package struct ConfigurationSource<Settings: Sendable>: Sendable {
    package let schema: SettingSchema<Settings>
    let file: String?
    let overrides: [String]
    let environment: [String: String]

    package func read() throws(UnusableConfiguration) -> ConfigurationReading<Settings> {
        var text: ConfigurationFile?
        if let file {
            guard let content = readFile(file, limit: ConfigurationFile.maximumBytes + 1) else {
                throw UnusableConfiguration(
                    description: "configuration file '\(file)' cannot be read: \(String(cString: strerror(errno)))")
            }
            text = ConfigurationFile(name: file, text: String(decoding: content, as: UTF8.self))
        }
        do throws(ConfigurationError) {
            return try schema.read(file: text, environment: environment, overrides: overrides)
        } catch {
            throw UnusableConfiguration(description: error.description)
        }
    }
}

extension ConfigurationSource {
    /// Reads the settings again, applies those that can change while the program runs, tells what differs, and answers those
    /// in force from now on. Where a setting has a problem, or `apply` throws, all stay.
    @discardableResult
    package func reload(
        over inForce: Settings, telling log: Log, apply: (Settings) throws -> Void = { _ in }
    ) -> Settings {
        do {
            let fresh = try read().configuration
            let adopted = schema.adopting(fresh, over: inForce)
            try apply(adopted)
            tell(schema.changes(from: inForce, to: fresh), to: log)
            return adopted
        } catch {
            log.error("reload_failed", "the settings in force stay", ["reason": "\(error)"])
            return inForce
        }
    }

    private func tell(_ changes: [SettingChange], to log: Log) {
        for change in changes {
            let fields: Log.Fields = ["key": change.key, "old": change.old, "new": change.new]
            if change.isReloadable {
                log.info("reload_applied", "a setting changed and is in force", fields)
            } else {
                log.warning("reload_needs_restart", "a setting changed that takes effect at the next start", fields)
            }
        }
        log.info("reloaded", "the configuration was read again")
    }
}

/// The file cannot be read, or what it says, together with environment and flags, has problems.
package struct UnusableConfiguration: Error, CustomStringConvertible {
    package let description: String
}

/// Sockets and segments are descriptors, and the usual soft limit of 1024 is for programs that use select.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 1 << 16)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// What of other people's code runs in the program, so that an operator can tell whether an advisory concerns it.
private var libraryVersions: [(name: String, version: String)] {
    [("nghttp2", httpLibraryVersion()), ("OpenSSL", tlsLibraryVersion())]
}

/// The variables of this process.
package func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let pair = String(cString: text)
        if let equals = pair.firstIndex(of: "=") {
            variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        entry += 1
    }
    return variables
}

/// The file's content, or nil with `errno` set.
func readFile(_ path: String, limit: Int) -> [UInt8]? {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while content.count < limit {
        let count = read(fd, &buffer, buffer.count)
        if count < 0 { return nil }
        if count == 0 { break }
        content.append(contentsOf: buffer[..<count])
    }
    return content
}

package func printOut(_ text: String) { writeAll(1, text) }
package func printError(_ text: String) { writeAll(2, text) }

private func writeAll(_ fd: Int32, _ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
