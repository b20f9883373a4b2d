/// The sidecars and collectors that a command asks: all that were named, or the ones at the usual addresses.
struct ProgramAddresses {
    let sidecars: [CollectorAPI]
    let collectors: [CollectorAPI]

    static let options: [OptionSpec] = [
        .value(
            "sidecar", "ADDRESS", "a sidecar's admin.listen; may be given more than once [127.0.0.1:9100]",
            repeats: true),
        .value(
            "collector", "ADDRESS", "a collector's console.listen; may be given more than once [127.0.0.1:9090]",
            repeats: true),
    ]

    init(_ arguments: ParsedArguments) throws(OpsError) {
        sidecars = try Self.programs("sidecar", usual: "127.0.0.1:9100", arguments)
        collectors = try Self.programs("collector", usual: "127.0.0.1:9090", arguments)
    }

    private static func programs(
        _ option: String, usual: String, _ arguments: ParsedArguments
    ) throws(OpsError) -> [CollectorAPI] {
        let given = arguments.values(option)
        var programs: [CollectorAPI] = []
        // One that is named twice would be counted twice.
        for address in given.isEmpty ? [usual] : given where !programs.contains(where: { $0.address == address }) {
            programs.append(try CollectorAPI(address, option: "--" + option, arguments))
        }
        return programs
    }
}

/// A program that gave no answer, and what to do about it.
package struct UnreachableProgram: Error, Equatable, Sendable {
    package var kind: String
    package var address: String
    package var reason: String
    package var remedy: String

    package init(kind: String, address: String, reason: String, remedy: String) {
        self.kind = kind
        self.address = address
        self.reason = reason
        self.remedy = remedy
    }

    init(_ kind: String, _ program: CollectorAPI, _ error: OpsError) {
        let option = kind == "sidecar" ? "admin.listen" : "console.listen"
        self.init(
            kind: kind, address: program.address, reason: error.description,
            remedy: "is it running there? Its '\(option)' is the address to name: --\(kind) ADDRESS")
    }

    /// It answers, but has no such path: another program, or an older one.
    init(_ kind: String, _ program: CollectorAPI, missing path: String) {
        self.init(
            kind: kind, address: program.address, reason: "\(program.address) has nothing at \(path)",
            remedy: "is this a \(kind) of this version? hms-ops --version, and the program's --version, tell")
    }

    package func text(style: TextStyle) -> String {
        "\(style.red("no answer")) from \(kind) \(address)\n    \(reason)\n    \(remedy)\n"
    }
}
