import Files
import Glibc
import Outlines
import TraceModel

@testable import SegmentStore

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard size > 0 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    let choice = Choice(byte: input[0])
    let file = Array(input.dropFirst())
    switch choice.kind {
    case .log: check(log: choice.isContent ? log(of: file) : choice.isMended ? mended(log: file) : file)
    case .index: check(index: choice.isMended ? mended(index: file) : file)
    case .ledger: check(ledger: choice.isMended ? mended(ledger: file) : file)
    }
    return 0
}

/// What the first byte of an input says about the rest.
private struct Choice {
    enum Kind { case log, index, ledger }
    var kind: Kind
    /// Checksums and magic are put right before the file is read, or hardly any input would come past them.
    var isMended: Bool
    /// The bytes are what a frame of a log unpacks to.
    var isContent: Bool

    init(byte: UInt8) {
        kind = [.log, .index, .ledger, .log][Int(byte & 3)]
        isMended = byte & 0x80 != 0
        isContent = byte & 0x40 != 0
    }
}

private let directory: String = {
    let path = "/dev/shm/hms-fuzz-store-\(getpid())"
    do throws(StorageFailure) { try makeDirectories(path) } catch { preconditionFailure("\(error)") }
    return path
}()
private let salt = Sample.salt

private func write(_ bytes: [UInt8], to name: String) {
    do throws(StorageFailure) { try Sample.write(bytes, to: directory + "/" + name) } catch {
        preconditionFailure("\(error)")
    }
}

private func removeFiles() {
    for name in (try? listDirectory(directory)) ?? [] { try? LocalStorage().remove(directory + "/" + name) }
}

/// One start, without the threads.
private func recover() -> StoreRecovery.Outcome {
    var options = StoreOptions()
    options.sync = false
    options.maxQuarantineBytes = 0
    do throws(StoreError) {
        return try StoreRecovery(directory: directory, options: options, log: { _ in }).recover()
    } catch { preconditionFailure("the start is refused: \(error)") }
}

// MARK: - Log

/// A log of one frame, written as the store does.
private func log(of content: [UInt8]) -> [UInt8] {
    var header = FrameHeader(salt: salt, ordinal: 0)
    header.records = UInt32(content.count & 7)
    return SegmentHeader(number: 1, salt: salt, created: 1).bytes + Sample.frame(header, of: content)
}

private func mended(log: [UInt8]) -> [UInt8] {
    guard log.count >= SegmentHeader.length else { return log }
    var log = SegmentHeader(number: 1, salt: salt, created: 1).bytes + log.dropFirst(SegmentHeader.length)
    var offset = SegmentHeader.length
    while log.count - offset >= FrameHeader.length {
        log.storeLittle(FrameHeader.magic, at: offset)
        log.storeLittle(salt, at: offset + 8)
        let stored = Int(log.loadLittle(at: offset + 16, as: UInt32.self))
        guard stored <= log.count - offset - FrameHeader.length else { break }
        let end = offset + FrameHeader.length + stored
        let crc = log.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[offset + 8..<end])) }
        log.storeLittle(crc, at: offset + 4)
        offset = end
    }
    return log
}

/// Two readers that were written apart from each other find the same frames.
private func check(log: [UInt8]) {
    removeFiles()
    write(log, to: "00000001.log")
    let quarantine = Quarantine(directory: "/dev/null", maxBytes: 0, storage: LocalStorage())
    let scan = LogScan(directory: directory, quarantine: quarantine, log: { _ in })
    var records = 0
    var scanned: LogScan.Result?
    do throws(StorageFailure) {
        scanned = try scan.scan(number: 1, onNew: { _ in }, eachRecord: { _, _ in records += 1 })
    } catch { preconditionFailure("\(error)") }
    let inspected: StoreCheck.Segment
    do throws(StoreError) {
        inspected = try StoreInspection(directory: directory).check().segments[0]
    } catch { preconditionFailure("\(error)") }
    precondition(inspected.frames == scanned?.index.frames.count ?? 0, "the readers find different frames")
    precondition(inspected.records == records, "the readers find different records")
    precondition(inspected.held == scanned?.index.summary.held ?? ItemCounts(), "the readers count differently")
    let outcome = recover()
    precondition(outcome.ledger.held == outcome.segments.reduce(into: ItemCounts()) { $0 += $1.summary.held })
    ask(outcome.segments)
}

// MARK: - Index

/// With the checksums that its header and sections should have; where those lie is left as it is.
func mended(index: [UInt8]) -> [UInt8] {
    var index = index
    guard index.count >= IndexFile.headerLength else { return index }
    index.replaceSubrange(0..<8, with: IndexFile.magic)
    index.storeLittle(IndexFile.version, at: 8)
    index.storeLittle(UInt32(1), at: 12)
    for kind in IndexFile.Section.Kind.allCases {
        let place = IndexFile.Section.place(kind)
        let offset = index.loadLittle(at: place, as: UInt64.self)
        let length = index.loadLittle(at: place + 8, as: UInt64.self)
        guard offset <= UInt64(index.count), length <= UInt64(index.count) - offset else { continue }
        let crc = index.withUnsafeBytes {
            checksum(UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset + length)]))
        }
        index.storeLittle(crc, at: place + 16)
    }
    let metaLength = index.loadLittle(at: 104, as: UInt64.self)
    guard metaLength <= UInt64(index.count - IndexFile.headerLength) else { return index }
    let crc = index.withUnsafeBytes { bytes in
        checksum(
            UnsafeRawBufferPointer(
                rebasing: bytes[IndexFile.headerLength..<IndexFile.headerLength + Int(metaLength)]),
            continuing: checksum(UnsafeRawBufferPointer(rebasing: bytes[..<IndexFile.checksumPlace])))
    }
    index.storeLittle(crc, at: IndexFile.checksumPlace)
    return index
}

private func check(index bytes: [UInt8]) {
    removeFiles()
    write(bytes, to: "00000001.idx")
    // The log that the corpus' indexes are of.
    write(Sample.log, to: "00000001.log")
    if let index = try? SealedIndex(path: directory + "/00000001.idx", number: 1) {
        let rest = restOfPage(behind: bytes, of: index)
        poison?(rest.baseAddress, rest.count)
        defer { unpoison?(rest.baseAddress, rest.count) }
        read(frames: index)
        // 0 is the one that opening looks for.
        for token in [0] + Sample.tokens {
            var (some, all) = (FrameSet(count: index.frameCount), FrameSet(count: index.frameCount))
            index.find(token, marking: &some, &all)
        }
        for number in UInt64(0)..<64 {
            precondition(index.frames(of: Sample.id(number)).allSatisfy { $0 < index.frameCount }, "no such frame")
        }
        index.forEachTrace { _ in }
        _ = index.snapshot()
        _ = index.areTablesIntact()
        precondition(index.services.services.count <= ServiceCatalogue.maxServices + 1)
        check(erasureIn: index)
    }
    do throws(StoreError) { _ = try StoreInspection(directory: directory).check() } catch {
        preconditionFailure("\(error)")
    }
    // What is found in the log instead does not depend on the index.
    ask(recover().segments.filter(\.isSealed))
}

private typealias MarkMemory = @convention(c) (UnsafeRawPointer?, Int) -> Void
/// The address sanitizer's.
private let (poison, unpoison) = (
    unsafeBitCast(dlsym(nil, "__asan_poison_memory_region"), to: MarkMemory?.self),
    unsafeBitCast(dlsym(nil, "__asan_unpoison_memory_region"), to: MarkMemory?.self)
)

/// What is mapped behind the end of an index file, where the sanitizer by itself sees no harm in reading.
private func restOfPage(behind bytes: [UInt8], of index: SealedIndex) -> UnsafeRawBufferPointer {
    let summary = Int(bytes.loadLittle(at: IndexFile.Section.place(.summary), as: UInt64.self))
    return index.withSummary { span in
        span.withUnsafeBytes { section in
            guard let end = section.baseAddress.map({ $0 + (bytes.count - summary) }) else {
                return .init(start: nil, count: 0)
            }
            return UnsafeRawBufferPointer(start: end, count: -Int(bitPattern: end) & 4095)
        }
    }
}

/// An index without some of its recent traces is an index with the same frames.
private func check(erasureIn index: SealedIndex) {
    guard let bytes = index.bytes(withoutRecent: [Sample.id(1), Sample.id(4)]) else { return }
    write(bytes, to: "00000001.idx.new")
    guard let erased = try? SealedIndex(path: directory + "/00000001.idx.new", number: 1) else {
        preconditionFailure("what was written cannot be read")
    }
    precondition(erased.summary == index.summary && erased.services.services == index.services.services)
    precondition(erased.frameCount == index.frameCount && erased.areTablesIntact() == index.areTablesIntact())
}

/// A store without anything in it but what `ask` gives it.
private let asked: SegmentStore = {
    var options = StoreOptions()
    options.sync = false
    do throws(StoreError) { return try SegmentStore.open(directory: directory + "-asked", options: options) } catch {
        preconditionFailure("\(error)")
    }
}()

/// Looks for traces, spans and figures in segments.
private func ask(_ segments: [Segment]) {
    asked.shared.segments.withLock { $0 = segments }
    defer { asked.shared.segments.withLock { $0 = [] } }
    let reader = StoreReader(asked)
    for view in reader.views {
        for token in Sample.tokens {
            let found = view.find([token])
            var both = found.all
            both.formIntersection(found.some)
            precondition(both == found.all, "all spans of a frame have a token that none of them has")
        }
        for frame in 0..<view.frameCount { _ = view.times(frame) }
        _ = view.withOutlines { read(outlines: $0) }
        reader.forEachSpreadTrace(of: view) { _ in }
    }
    for number in UInt64(1)...4 { _ = try? reader.trace(Sample.id(number)) }
    _ = try? asked.figures()
}

private func read(outlines: OutlineTable) {
    for number in 0..<outlines.textCount { _ = outlines.text(number).reduce(0) { $0 ^ $1 } }
    var trace = outlines.cursor
    while trace.next() {
        var last = trace.frame
        _ = trace.newest
        for frame in trace.otherFrames {
            precondition(frame > last, "frames of a trace are out of order")
            last = frame
        }
        for index in 0..<trace.count {
            _ = trace.shape(index) ^ Int(trace.duration(index))
            if trace.isClosed { _ = trace.parent(index) }
        }
    }
}

/// Wherever an index says that a frame is, and however long.
private func read(frames index: SealedIndex) {
    let reader = FrameReader()
    do throws(StorageFailure) {
        let file = try ReadFile(directory + "/00000001.log")
        for ordinal in 0..<min(index.frameCount, 1024) {
            let ref = index.frame(ordinal)
            _ = try reader.read(
                file, at: Int(clamping: ref.offset), available: .max, salt: index.summary.header.salt, expected: ref)
        }
    } catch { preconditionFailure("\(error)") }
}

// MARK: - Ledger

private func mended(ledger: [UInt8]) -> [UInt8] {
    var ledger = ledger
    guard ledger.count >= LedgerFile.headerLength else { return ledger }
    ledger.replaceSubrange(0..<8, with: LedgerFile.magic)
    ledger.storeLittle(LedgerFile.version, at: 8)
    let crc = ledger.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[LedgerFile.headerLength...])) }
    ledger.storeLittle(crc, at: 12)
    return ledger
}

/// A ledger that is read is the same when it was written again.
private func check(ledger bytes: [UInt8]) {
    removeFiles()
    write(bytes, to: LedgerFile.name)
    write(log(of: []), to: "00000001.log")
    do throws(StoreError) { _ = try StoreInspection(directory: directory).check() } catch {
        preconditionFailure("\(error)")
    }
    let outcome = recover()
    let options = StoreOptions()
    guard let ledger = try? LedgerFile.decode(bytes, options: options) else { return }
    guard let again = try? LedgerFile.decode(LedgerFile.encode(ledger), options: options) else {
        preconditionFailure("what was written cannot be read")
    }
    precondition(again.position == ledger.position && again.stored == ledger.stored && again.held == ledger.held)
    precondition(again.segments == ledger.segments && again.rejected == ledger.rejected)
    precondition(again.windows.senders == ledger.windows.senders)
    _ = outcome.ledger.damaged
}
