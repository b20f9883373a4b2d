import JSON
package import SegmentStore
import TraceAssembly

/// What `hms-ops store check` tells.
package struct StoreCheckReport: Sendable {
    package let directory: String
    package let check: StoreCheck

    package init(directory: String, _ check: StoreCheck) {
        self.directory = directory
        self.check = check
    }

    package var exitCode: ExitCode { check.damages.isEmpty ? .success : .negative }

    // MARK: For a person

    package func text(style: TextStyle) -> String {
        var text = style.bold("store \(directory.withoutControls)") + usage + "\n"
        var table = TextTable(
            [
                "segment", "state", "first arrival", "last arrival", "frames", "records", "spans", "points", "logs",
                "log",
                "index", "damages",
            ], leading: 4)
        for segment in check.segments {
            table.add(
                [
                    String(segment.number), segment.state.rawValue, Self.moment(segment.firstReceivedAt),
                    Self.moment(segment.lastReceivedAt), String(segment.frames), String(segment.records),
                    String(segment.held.spans), String(segment.held.points), String(segment.held.logs),
                    LedgerReport.bytes(UInt64(segment.logBytes)),
                    segment.indexBytes > 0 ? LedgerReport.bytes(UInt64(segment.indexBytes)) : "-",
                    String(segment.damages.count),
                ], isRed: !segment.damages.isEmpty)
        }
        text += table.text(style: style)
        for segment in check.segments where segment.tornBytes > 0 {
            text += "  segment \(segment.number) ends with \(segment.tornBytes) bytes of a commit that never ended"
            text += check.holder == nil ? "; a start cuts them off\n" : ", or is under way\n"
        }
        for segment in check.segments where segment.state == .sealed && segment.strangeBytes > 0 {
            text +=
                "  segment \(segment.number): \(segment.strangeBytes) bytes are no frames and were set aside before\n"
        }
        for note in check.notes { text += "  \(note.withoutControls)\n" }
        if !check.unknownFiles.isEmpty {
            text += "  unknown files: \(check.unknownFiles.joined(separator: ", ").withoutControls)\n"
        }
        for damage in check.damages {
            text +=
                style.red(
                    "  \(damage.file.withoutControls): byte \(damage.offset), \(damage.length) bytes: "
                        + "\(damage.reason.withoutControls)") + "\n"
        }
        return text + verdict(style: style)
    }

    package func verdict(style: TextStyle) -> String {
        let count = check.damages.count
        if count == 0 {
            let but = check.unknownFiles.isEmpty ? "Everything is whole." : "Everything but the unknown files is whole."
            return style.green(but) + "\n"
        }
        return style.red("\(count) damaged place\(count == 1 ? "" : "s").")
            + " The collector serves the rest; hms-ops store repair DIRECTORY --dry-run tells what can be done.\n"
    }

    private var usage: String {
        guard let process = check.holder else { return "" }
        return process == 0 ? ", in use by a collector" : ", in use by process \(process)"
    }

    private static func moment(_ time: UInt64?) -> String { time.map(TimeText.moment) ?? "-" }

    // MARK: For a program

    package func json() -> String {
        var writer = JSONWriter(pretty: true, capacity: 4096)
        writer.object { writer in
            writer.key("directory")
            writer.string(directory)
            writer.key("process")
            if let process = check.holder { writer.number(process) } else { writer.null() }
            writer.key("segments")
            writer.array { writer in
                for segment in check.segments { writer.object { Self.write(segment, to: &$0) } }
            }
            writer.key("damages")
            writer.array { writer in
                for damage in check.damages {
                    writer.object { writer in
                        writer.key("file")
                        writer.string(damage.file)
                        writer.key("offset")
                        writer.number(damage.offset)
                        writer.key("length")
                        writer.number(damage.length)
                        writer.key("reason")
                        writer.string(damage.reason)
                    }
                }
            }
            for (name, list) in [("notes", check.notes), ("unknown_files", check.unknownFiles)] {
                writer.key(name)
                writer.array { writer in for text in list { writer.string(text) } }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private static func write(_ segment: StoreCheck.Segment, to writer: inout JSONWriter) {
        writer.key("segment")
        writer.number(segment.number)
        writer.key("state")
        writer.string(segment.state.rawValue)
        let numbers: [(String, UInt64)] = [
            ("frames", UInt64(segment.frames)), ("records", UInt64(segment.records)), ("spans", segment.held.spans),
            ("points", segment.held.points), ("logs", segment.held.logs), ("log_bytes", UInt64(segment.logBytes)),
            ("index_bytes", UInt64(segment.indexBytes)), ("torn_bytes", UInt64(segment.tornBytes)),
            ("first_received_at", segment.firstReceivedAt ?? 0), ("last_received_at", segment.lastReceivedAt ?? 0),
        ]
        for (name, value) in numbers {
            writer.key(name)
            writer.number(value)
        }
    }
}
