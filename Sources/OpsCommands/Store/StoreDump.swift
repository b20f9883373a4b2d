import OTLP
import SegmentStore
import TraceAssembly
import WireFormat

/// `hms-ops store dump`: frames, records and spans in the order in which they lie, or the ledger.
struct StoreDump {
    private let inspection: StoreInspection
    private let segment: UInt32?
    private let frame: UInt32?
    private let asJSON: Bool
    private let showsLedger: Bool

    init(_ inspection: StoreInspection, _ arguments: ParsedArguments) throws(OpsError) {
        self.inspection = inspection
        asJSON = arguments.has("json")
        showsLedger = arguments.has("ledger")
        do throws(UsageError) {
            segment = try arguments.integer("segment", in: 1...Int(UInt32.max)).map { UInt32($0) }
            frame = try arguments.integer("frame", in: 0...Int(UInt32.max)).map { UInt32($0) }
            if frame != nil, segment == nil { throw .missingValue(option: "segment", placeholder: "N") }
        } catch { throw .usage(error) }
    }

    /// Ends with 1 where something was not to be read or is not there.
    func run(_ terminal: Terminal) throws(OpsError) -> ExitCode {
        if showsLedger { return dumpLedger(terminal) }
        var isWhole = true
        var isFound = segment == nil
        do throws(StoreError) {
            for number in try inspection.segments() where segment == nil || number == segment {
                if !asJSON { terminal.write("segment \(number)\n") }
                isFound = frame == nil
                try inspection.forEachPiece(of: number) { piece in
                    switch piece {
                    case .frame(let piece):
                        guard frame == nil || piece.position.frame == frame else { return true }
                        isFound = true
                        terminal.write(asJSON ? lines(piece) : text(piece))
                        return frame == nil
                    case .damage(let offset, let length):
                        isWhole = false
                        terminal.remark("segment \(number): \(length) bytes from byte \(offset) on are no frame\n")
                        return true
                    }
                }
            }
        } catch { throw .store(error) }
        if !isFound { terminal.remark("There is no such \(frame == nil ? "segment" : "frame").\n") }
        return isWhole && isFound ? .success : .negative
    }

    // MARK: - Records

    /// OTLP JSON, a request in a line.
    private func lines(_ frame: StoreInspection.Frame) -> String {
        var text = ""
        for record in frame.records {
            guard let json = try? OTLPJSON.json(fromProtobuf: record.body, kind: record.kind) else { continue }
            text += String(decoding: json, as: UTF8.self) + "\n"
        }
        return text
    }

    private func text(_ frame: StoreInspection.Frame) -> String {
        var text =
            "  frame \(frame.position.frame) at byte \(frame.offset): \(frame.storedBytes) bytes, \(frame.rawBytes) unpacked, "
            + "\(frame.held.words)\(frame.endsCommit ? ", ends a commit" : "")\n"
        for record in frame.records {
            let sender = record.sender.map { ", batch \(record.sequence) of \($0)" } ?? ""
            text +=
                "    \(record.items) \(record.kind.itemName), \(record.body.count) bytes, came "
                + "\(TimeText.moment(record.receivedAt))\(sender)\n"
            if record.kind == .traces { text += spans(record) }
        }
        return text
    }

    private func spans(_ record: StoredRecord) -> String {
        do throws(WireError) {
            return try decodeSpans(record.body).map { span in
                let line =
                    "\(span.traceID) \(span.spanID) \(TimeText.moment(span.startUnixNano)) "
                    + "\(TimeText.duration(span.durationNano)) \(span.serviceName): \(span.name)"
                return "      \(line.withoutControls)\n"
            }.joined()
        } catch { return "      cannot be read: \(error)\n" }
    }

    // MARK: - Ledger

    private func dumpLedger(_ terminal: Terminal) -> ExitCode {
        let ledger: StoreInspection.LedgerContent
        switch inspection.readLedger() {
        case .missing:
            terminal.remark("There is no ledger; a start begins one.\n")
            return .negative
        case .unusable(let reason):
            terminal.remark("The ledger cannot be used: \(reason).\n")
            return .negative
        case .read(let content): ledger = content
        }
        let figures = ledger.figures
        let place = ledger.position
        terminal.write(
            "counts what lies before segment \(place.segment)\(place.frame == .max ? "'s end" : ", frame \(place.frame)")\n"
        )
        var sums = TextTable(["", "spans", "points", "logs"])
        func add(_ name: String, _ counts: ItemCounts) {
            sums.add([name, String(counts.spans), String(counts.points), String(counts.logs)])
        }
        add("stored", figures.stored)
        add("held", figures.held)
        add("deleted", figures.deleted)
        add("damaged", figures.damaged)
        add("duplicate", figures.duplicates)
        for (reason, counts) in figures.rejected.sorted(by: { $0.key < $1.key }) { add("rejected: \(reason)", counts) }
        for (number, counts) in ledger.segments.sorted(by: { $0.key < $1.key }) { add("in segment \(number)", counts) }
        terminal.write(sums.text(style: terminal.output))
        var senders = TextTable(["sender", "last seen", "last batch", "stored", "duplicate"], leading: 2)
        for sender in figures.senders {
            senders.add([
                sender.id.description, TimeText.moment(sender.lastSeen), sender.lastSequence.map(String.init) ?? "-",
                sender.stored.words, sender.duplicates.words,
            ])
        }
        if !figures.senders.isEmpty { terminal.write("\n" + senders.text(style: terminal.output)) }
        return .success
    }
}
