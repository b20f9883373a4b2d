import Files
import SegmentStore
import StoreBackup

/// `hms-ops store`: looks at a collector's files without the collector.
enum StoreCommand {
    static let command = Command(
        CommandSpec(
            "store", "check, print or repair the files of a collector's store",
            arguments: [
                ArgumentSpec(
                    "ACTION",
                    "check reads all, tenants' stores included, and writes nothing, also beside a running collector; dump prints what is there; "
                        + "repair sets aside what is damaged and makes the rest whole",
                    words: StoreAction.allCases.map(\.rawValue)),
                ArgumentSpec("DIRECTORY", "the collector's store.directory"),
            ],
            options: [
                .value("segment", "N", "dump this segment alone"),
                .value("frame", "N", "dump this frame alone, of the segment that is named"),
                .flag("ledger", "dump the ledger and its senders instead of records"),
                .flag("json", "check: everything as JSON; dump: a line of OTLP JSON for each record"),
                .flag("dry-run", "repair: say what would be done, and do nothing"),
            ],
            examples: [
                (
                    "hms-ops store check /var/lib/hms-ops/collector",
                    "exits 0 when every frame, index and sum is right; --json prints a line for each store"
                ),
                ("hms-ops store dump DIRECTORY --segment 7 --frame 3", "the spans of one frame"),
                ("hms-ops store repair DIRECTORY --dry-run", "what a repair would do"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let directory = arguments.arguments[1]
        if StoreBackup.isBackup(directory) { throw .isBackup(directory) }
        let inspection: StoreInspection
        do throws(StoreError) {
            inspection = try StoreInspection(directory: directory)
            guard try inspection.isStore() else { throw StoreError.noStore(directory: directory) }
        } catch { throw .store(error) }
        // The parser has let only these words through.
        switch StoreAction(rawValue: arguments.arguments[0]) ?? .check {
        case .check:
            var code = ExitCode.success
            for part in try [inspection] + tenants(of: directory) {
                let report = StoreCheckReport(directory: part.directory, try check(part, terminal))
                terminal.write(arguments.has("json") ? report.json() : report.text(style: terminal.output))
                if report.exitCode != .success { code = report.exitCode }
            }
            return code
        case .dump:
            return try StoreDump(inspection, arguments).run(terminal)
        case .repair:
            return try repair(inspection, isDry: arguments.has("dry-run"), terminal)
        }
    }

    /// The stores of tenants, which stand below that of all others.
    private static func tenants(of directory: String) throws(OpsError) -> [StoreInspection] {
        let parent = directory + "/tenants"
        guard let names = try? listDirectory(parent).sorted() else { return [] }
        var found: [StoreInspection] = []
        for name in names where !name.hasPrefix(".") {
            do throws(StoreError) {
                let inspection = try StoreInspection(directory: parent + "/" + name)
                if try inspection.isStore() { found.append(inspection) }
            } catch { throw .store(error) }
        }
        return found
    }

    /// With a line that tells how far it came, where a person looks on.
    private static func check(_ inspection: StoreInspection, _ terminal: Terminal) throws(OpsError) -> StoreCheck {
        var told = -1
        defer { if told >= 0 { terminal.remark("\r\u{1B}[K") } }
        do {
            return try inspection.check { read, all in
                guard terminal.remarks.isColoured, all > 0 else { return }
                let percent = read * 100 / all
                guard percent != told else { return }
                told = percent
                terminal.remark("\rchecking \(LedgerReport.bytes(UInt64(all))): \(percent) %")
            }
        } catch { throw .store(error) }
    }

    private static func repair(
        _ inspection: StoreInspection, isDry: Bool, _ terminal: Terminal
    ) throws(OpsError) -> ExitCode {
        if let process = inspection.holder(), !isDry {
            throw .store(.locked(directory: inspection.directory, process: process))
        }
        let repair = StoreRepair(directory: inspection.directory, after: try check(inspection, terminal))
        if repair.plan.isEmpty {
            terminal.write("There is nothing to repair.\n")
            return .success
        }
        if isDry {
            terminal.write(repair.plan.map { "would \($0)\n" }.joined())
            return .success
        }
        do {
            try repair.run { terminal.write("\($0.description)\n") }
        } catch { throw .store(error) }
        let report = StoreCheckReport(directory: inspection.directory, try check(inspection, terminal))
        terminal.write(report.verdict(style: terminal.output))
        return report.exitCode
    }
}

/// What `hms-ops store` can do.
enum StoreAction: String, CaseIterable {
    case check, dump, repair
}
