import Glibc
import JSON

/// `hms-ops erase QUERY`: takes what a query finds out of a collector for good.
enum EraseCommand {
    static let command = Command(
        CommandSpec(
            "erase", "take what a query finds out of a collector for good",
            arguments: [ArgumentSpec("QUERY", "such as 'user.id = \"42\"'")],
            options: CollectorAPI.options + [
                .value("from", "TIME", "only spans that began then or later: now-15m, 2026-01-31T10:00:00Z"),
                .value("to", "TIME", "only spans that began then or earlier"),
                .flag("spans", "the spans alone that satisfy the query, not their whole traces"),
                .flag("include-unknown", "also what satisfies it only if a span that is missing is as the query wants"),
                .flag("dry-run", "count what would be erased, and erase nothing"),
                .flag("yes", "do not ask; needed where nobody sits at a terminal"),
            ],
            examples: [
                ("hms-ops erase 'user.id = \"42\"' --dry-run", "how much that would be"),
                ("hms-ops erase 'user.id = \"42\"' --yes --key-file admin.key", "whole traces; prints the receipt"),
            ]), run: run)

    private static let path = "/api/v1/admin/erase"
    private static let pause: UInt32 = 300_000

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let collector = try CollectorAPI(arguments)
        if arguments.has("dry-run") {
            return try finish(try order(collector, arguments, isDryRun: true, terminal), terminal)
        }
        if !arguments.has("yes") {
            // What is about to go is counted first, so that the answer is given in knowledge of it.
            let counted = try order(collector, arguments, isDryRun: true, terminal)
            guard counted["state"]?.string == "done" else { return try finish(counted, terminal) }
            let (traces, spans) = (counted["traces"]?.int ?? 0, counted["spans"]?.uint64 ?? 0)
            guard traces > 0 else {
                terminal.remark("nothing is found, so there is nothing to erase\n")
                return .negative
            }
            let extent =
                arguments.has("spans") ? "\(spans) spans of \(traces) traces" : "\(traces) traces of \(spans) spans"
            let question = "erase \(extent) for good? Nothing brings them back. Type 'yes': "
            guard let answer = terminal.answer(to: question) else {
                throw .usage(.missingArgument("--yes, as nobody sits at a terminal", command: "erase"))
            }
            guard answer == "yes" else {
                terminal.remark("nothing was erased\n")
                return .negative
            }
        }
        return try finish(try order(collector, arguments, isDryRun: false, terminal), terminal)
    }

    /// Gives the order and waits for its end; returns the receipt.
    private static func order(
        _ collector: CollectorAPI, _ arguments: ParsedArguments, isDryRun: Bool, _ terminal: Terminal
    ) throws(OpsError) -> JSONValue {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("query", arguments.arguments[0])
            for name in ["from", "to"] {
                if let value = arguments.value(name) { writer.member(name, value) }
            }
            writer.member("what", arguments.has("spans") ? "spans" : "traces")
            writer.member("dryRun", isDryRun)
            writer.member("includeUnknown", arguments.has("include-unknown"))
        }
        var receipt = try collector.act("POST", path, writer.bytes)
        guard let id = receipt["id"]?.string else {
            throw .malformedAnswer(address: collector.address, path: path, reason: "it names no receipt")
        }
        var told = ""
        while receipt["state"]?.string == "running" {
            let words = progress(receipt)
            if words != told { terminal.remark(words + "\n") }
            told = words
            usleep(pause)
            guard let next = try collector.json(at: "\(path)/\(id)") else {
                throw .malformedAnswer(
                    address: collector.address, path: "\(path)/\(id)", reason: "there is no receipt any more")
            }
            receipt = next
        }
        return receipt
    }

    private static func progress(_ receipt: JSONValue) -> String {
        let progress = receipt["progress"]
        switch progress?["phase"]?.string {
        case "rewriting":
            return "rewriting: \(progress?["segmentsDone"]?.int ?? 0) of \(progress?["segments"]?.int ?? 0) segments"
        case "verifying": return "looking again"
        default: return "searching: \(progress?["traces"]?.int ?? 0) traces found"
        }
    }

    private static func finish(_ receipt: JSONValue, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        var writer = JSONWriter()
        writer.value(receipt)
        terminal.write(String(decoding: writer.bytes, as: UTF8.self) + "\n")
        guard receipt["state"]?.string == "done" else {
            terminal.remark("the erasure \(receipt["state"]?.string ?? "failed"): \(receipt["error"]?.string ?? "")\n")
            return .failure
        }
        if receipt["verified"]?.bool == false {
            terminal.remark("the same query still finds something; the receipt says what was done\n")
            return .negative
        }
        if let frames = receipt["unreadableFrames"]?.int, frames > 0 {
            terminal.remark("\(frames) damaged parts of the store could not be searched\n")
        }
        return .success
    }
}
