import StoreBackup

/// `hms-ops restore DIR --store DIR`: a store out of a backup.
enum RestoreCommand {
    static let command = Command(
        CommandSpec(
            "restore", "put a backup back as the store of a collector that does not run",
            arguments: [ArgumentSpec("DIR", "a backup that hms-ops backup has written", candidates: .directories)],
            options: [
                .value(
                    "store", "DIR", "the collector's 'store.directory': empty, or not there",
                    standard: BackupCommand.standardStore, candidates: .directories)
            ],
            examples: [
                ("hms-ops restore /mnt/backup/collector --store /srv/collector", "start a collector with it then")
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let line = ProgressLine(terminal)
        let store = BackupCommand.withoutSlash(arguments.value("store") ?? BackupCommand.standardStore)
        let report: StoreRestore.Report
        do {
            report = try StoreRestore.run(
                from: BackupCommand.withoutSlash(arguments.arguments[0]), into: store,
                onProgress: { report in line.show { "\(report.bytes >> 20) MiB restored" } })
        } catch {
            line.clear()
            throw .backup(error)
        }
        line.clear()
        terminal.write("\(report.files) files restored and verified (\(report.bytes) bytes) into \(store)\n")
        return .success
    }
}
