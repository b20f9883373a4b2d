import EventLoop
import Glibc
import StoreBackup

/// `hms-ops backup DIR`: a copy of a collector's store, taken while it runs.
enum BackupCommand {
    static let standardStore = "/var/lib/hms-ops/collector"

    static let command = Command(
        CommandSpec(
            "backup", "copy a collector's store while it runs; repeated, only what is new is copied",
            arguments: [ArgumentSpec("DIR", "where the backup is, or is to be", candidates: .directories)],
            options: [
                .value(
                    "store", "DIR", "the collector's 'store.directory', on this machine", standard: standardStore,
                    candidates: .directories)
            ],
            examples: [
                (
                    "hms-ops backup /mnt/backup/collector",
                    "each time the same directory; sealed segments are copied once"
                )
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let line = ProgressLine(terminal)
        let report: StoreBackup.Report
        do {
            report = try StoreBackup.run(
                from: arguments.value("store") ?? standardStore, into: withoutSlash(arguments.arguments[0]),
                now: wallClockNanoseconds(),
                onDamage: { fault in
                    line.clear()
                    terminal.remark("\(terminal.remarks.red("damaged:")) \(fault)\n")
                },
                onProgress: { report in line.show { "\(report.copiedBytes >> 20) MiB copied" } })
        } catch {
            line.clear()
            throw .backup(error)
        }
        line.clear()
        terminal.write(
            "\(report.copiedFiles) files copied (\(report.copiedBytes) bytes, \(report.frames) frames verified), "
                + "\(report.keptFiles) were there already (\(report.keptBytes) bytes), "
                + "\(report.removedFiles) removed\n")
        return report.damaged == 0 ? .success : .negative
    }

    static func withoutSlash(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
