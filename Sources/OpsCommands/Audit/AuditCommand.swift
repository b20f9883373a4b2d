import Access
import Glibc
import JSON

/// `hms-ops audit`: what administrators did to a collector, and whether anybody changed the record.
enum AuditCommand {
    static let command = Command(
        CommandSpec(
            "audit",
            "show a collector's administrative acts, and check that their record is whole",
            options: [
                .value("limit", "N", "how many of the newest to show", standard: "100"),
                .value(
                    "store", "DIR", "read the files of this 'store.directory' instead of asking the collector",
                    candidates: .directories),
                .flag("verify", "with --store: check that every line follows from the one before"),
            ] + CollectorAPI.options,
            examples: [
                ("hms-ops audit --key-file admin.key", "the newest acts; the key needs the scope admin"),
                (
                    "hms-ops audit --verify --store /var/lib/hms-ops/collector",
                    "exits 0 when no line was changed or is missing; prints the digest of the last"
                ),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let limit: Int
        do { limit = try arguments.integer("limit", in: 1...10_000) ?? 100 } catch { throw .usage(error) }
        guard let directory = arguments.value("store") else {
            guard !arguments.has("verify") else {
                throw .usage(.missingArgument("--store DIR with --verify", command: "audit"))
            }
            return try ask(limit, arguments, terminal)
        }
        return arguments.has("verify")
            ? try verify(AuditFiles(directory: directory), terminal)
            : try show(AuditFiles(directory: directory), limit, terminal)
    }

    private static func ask(_ limit: Int, _ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError)
        -> ExitCode
    {
        let api = try CollectorAPI(arguments)
        let path = "/api/v1/admin/audit?limit=\(limit)"
        guard let entries = try api.json(at: path)?["entries"]?.array else {
            throw .malformedAnswer(address: api.address, path: path, reason: "it holds no entries")
        }
        for entry in entries {
            var writer = JSONWriter()
            writer.value(entry)
            terminal.write(String(decoding: writer.bytes, as: UTF8.self) + "\n")
        }
        return .success
    }

    private static func show(_ files: AuditFiles, _ limit: Int, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        var found: [ArraySlice<UInt8>] = []
        for path in try existing(files).reversed() where found.count < limit {
            do { found = try AuditFiles.lines(of: path).lines.suffix(limit - found.count) + found } catch {
                throw .audit(error)
            }
        }
        for line in found { terminal.write(String(decoding: line, as: UTF8.self).withoutControls + "\n") }
        return .success
    }

    private static func verify(_ files: AuditFiles, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        _ = try existing(files)
        do {
            let chain = try files.verify()
            terminal.write(
                "\(chain.lines) entries, each follows from the one before; entry \(chain.sequence) is \(chain.head)\n")
            return .success
        } catch {
            terminal.write("\(error)\n")
            return .negative
        }
    }

    private static func existing(_ files: AuditFiles) throws(OpsError) -> [String] {
        guard !files.existing.isEmpty else { throw .file(files.current, operation: "open", code: ENOENT) }
        return files.existing
    }
}
