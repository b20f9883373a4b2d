import Files
import Glibc

/// Reads a store's files without opening the store: nothing is written, and a collector that runs on them is not disturbed.
package struct StoreInspection: Sendable {
    package let directory: String

    /// Throws where the directory cannot be listed.
    package init(directory: String) throws(StoreError) {
        self.directory = directory
        do { _ = try listDirectory(directory) } catch { throw .storage(error) }
    }

    /// Whether something is there that a store leaves behind. An empty directory may be a store that lost all in a power cut, or
    /// another directory.
    package func isStore() throws(StoreError) -> Bool {
        do { return try StoreFiles(directory: directory).isStore } catch { throw .storage(error) }
    }

    /// Numbers of the logs that are there, rising.
    package func segments() throws(StoreError) -> [UInt32] {
        do { return try StoreFiles(directory: directory).logs.sorted() } catch { throw .storage(error) }
    }

    /// The process that has the store open, 0 where it did not say which; nil where none has.
    package func holder() -> Int32? { DirectoryLock.holder(of: directory) }

    /// Checks everything. The ledger is read first and the logs after it, as they only grow behind what it counts.
    /// - Parameter progress: told how many bytes of how many were read.
    package func check(progress: (_ read: Int, _ all: Int) -> Void = { _, _ in }) throws(StoreError) -> StoreCheck {
        var check = StoreCheck()
        check.holder = holder()
        let ledger = readLedger()
        let files: StoreFiles
        do { files = try StoreFiles(directory: directory) } catch { throw .storage(error) }
        check.unknownFiles = files.unknown
        check.notes = files.leftovers.map { "'\($0)' was being written; a start removes it" }
        for number in files.indexes.subtracting(files.logs).sorted() {
            let name = Segment.paths("", number).index.dropFirst()
            check.notes.append("'\(name)' has no log, as after a deletion that was cut short; a start removes it")
        }
        let numbers = files.logs.sorted()
        let all = numbers.reduce(0) { $0 + size(of: Segment.paths(directory, $1).log) }
        var read = 0
        var counted: [UInt32: ItemCounts] = [:]
        for number in numbers {
            var inspection = SegmentInspection(
                directory: directory, number: number, isLast: number == numbers.last,
                counted: ledger.content?.position ?? .start)
            inspection.run { bytes in
                read += bytes
                progress(min(read, all), all)
            }
            check.segments.append(inspection.result)
            counted[number] = inspection.countedItems
        }
        compare(ledger, counted, &check)
        if case .missing = ledger, !check.segments.isEmpty {
            check.notes.append("there is no ledger yet, or none any more; a start begins one with what is held")
        }
        return check
    }

    private func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    // MARK: - Ledger

    package enum LedgerReading: Sendable {
        case missing
        case unusable(String)
        case read(LedgerContent)

        package var content: LedgerContent? { if case .read(let content) = self { content } else { nil } }
    }
    /// The ledger as its file has it: what is stored behind `position` is not in it.
    package struct LedgerContent: Sendable {
        package var figures: LedgerFigures
        package var position: RecordPosition
        /// Items held, by segment.
        package var segments: [UInt32: ItemCounts]
        /// Of segments that were being rewritten: the lower half of the new log's salt.
        var replacing: [UInt32: UInt32]
    }

    package func readLedger() -> LedgerReading {
        do throws(LedgerFile.Refusal) {
            guard let ledger = try LedgerFile.read(directory + "/" + LedgerFile.name, options: StoreOptions()) else {
                return .missing
            }
            return .read(
                LedgerContent(
                    figures: LedgerFigures(ledger, listsSenders: true), position: ledger.position,
                    segments: ledger.segments, replacing: ledger.replacing))
        } catch { return .unusable(error.reason) }
    }

    private func compare(_ reading: LedgerReading, _ counted: [UInt32: ItemCounts], _ check: inout StoreCheck) {
        let ledger: LedgerContent
        var reasons: [String] = []
        defer {
            let length = size(of: directory + "/" + LedgerFile.name)
            check.ledgerDamages = reasons.map {
                StoreDamage(file: LedgerFile.name, offset: 0, length: length, reason: $0)
            }
        }
        switch reading {
        case .missing: return
        case .unusable(let reason): return reasons.append(reason)
        case .read(let content): ledger = content
        }
        var sum = ledger.figures.held
        sum += ledger.figures.deleted
        sum += ledger.figures.damaged
        if sum != ledger.figures.stored { reasons.append("it holds and deleted more than it stored") }
        // What is gone from the directory was deleted since. Damage in a log explains itself.
        for segment in check.segments where segment.state != .deleted && segment.damages.isEmpty {
            let (listed, found) = (ledger.segments[segment.number], counted[segment.number] ?? ItemCounts())
            guard let listed else {
                if found != ItemCounts() {
                    check.notes.append("segment \(segment.number) was deleted, and is there again after a power cut")
                }
                continue
            }
            guard listed != found else { continue }
            if let salt = segment.salt, ledger.replacing[segment.number] == UInt32(truncatingIfNeeded: salt) {
                check.notes.append("segment \(segment.number) was rewritten; a start counts what it lost as deleted")
                continue
            }
            reasons.append(
                "it counts \(listed.words) in segment \(segment.number), which holds \(found.words) of what it counted")
        }
    }

    // MARK: - Frames

    /// A frame of a log and its records, in their order.
    package struct Frame: Sendable {
        package var position: RecordPosition
        package var offset: Int
        /// On the disk, and unpacked.
        package var storedBytes: Int
        package var rawBytes: Int
        package var held: ItemCounts
        package var endsCommit: Bool
        package var records: [StoredRecord]
    }
    package enum LogPiece: Sendable {
        case frame(Frame)
        case damage(offset: Int, length: Int)
    }

    /// Calls `body` with each piece of a segment's log in their order, until it returns false.
    package func forEachPiece(of segment: UInt32, _ body: (LogPiece) -> Bool) throws(StoreError) {
        do throws(StorageFailure) {
            let paths = Segment.paths(directory, segment)
            let index = try? SealedIndex(path: paths.index, number: segment)
            var walk = try LogWalk(paths.log, end: index?.summary.logEnd, knownSalt: index?.summary.header.salt)
            if let header = walk.header, let index, header.salt != index.summary.header.salt {
                walk = try LogWalk(paths.log)
            }
            while let piece = try walk.next() {
                switch piece {
                case .frame(let header, let offset):
                    guard body(.frame(Frame(header, segment, offset, walk.content))) else { return }
                case .gap(let offset, let length, _):
                    guard body(.damage(offset: offset, length: length)) else { return }
                case .rest(let offset, let length, let isZero):
                    if !isZero { _ = body(.damage(offset: offset, length: length)) }
                }
            }
        } catch { throw .storage(error) }
    }
}

extension StoreInspection.Frame {
    fileprivate init(_ header: FrameHeader, _ segment: UInt32, _ offset: Int, _ raw: [UInt8]) {
        position = RecordPosition(segment: segment, frame: header.ordinal)
        self.offset = offset
        storedBytes = header.frameLength
        rawBytes = Int(header.rawLength)
        held = header.items
        endsCommit = header.flags & FrameHeader.endsCommit != 0
        records = []
        let position = position
        var records: [StoredRecord] = []
        raw.withUnsafeBytes { raw in
            _ = walkRecords(in: raw) { record, body in
                records.append(
                    StoredRecord(
                        kind: record.kind, sender: record.sender, sequence: record.sequence,
                        receivedAt: record.receivedAt, items: Int(record.items), body: Array(body), position: position))
                return true
            }
        }
        self.records = records
    }
}

extension ItemCounts {
    /// Such as "12 spans, 3 log records"; "nothing" for none.
    package var words: String {
        let parts = [(spans, "span"), (points, "data point"), (logs, "log record")].filter { $0.0 > 0 }
        return parts.isEmpty
            ? "nothing" : parts.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: ", ")
    }
}
