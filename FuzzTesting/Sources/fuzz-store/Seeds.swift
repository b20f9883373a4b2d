import Files
import Glibc

@testable import SegmentStore

/// Runs once before all inputs. With `HMS_FUZZ_SEEDS=DIRECTORY` it writes the corpus' index files there and ends: for the day
/// the format changes.
@c(LLVMFuzzerInitialize)
public func initialize(
    _ count: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    let sealed = Sample.sealedByStore()
    var torn = sealed
    for place in [IndexFile.checksumPlace] + IndexFile.Section.Kind.allCases.map({ IndexFile.Section.place($0) + 16 }) {
        torn.storeLittle(~torn.loadLittle(at: place, as: UInt32.self), at: place)
    }
    precondition(mended(index: torn) == sealed, "an index is not mended to what the store writes")
    if let directory = getenv("HMS_FUZZ_SEEDS") {
        writeSeeds(to: String(cString: directory), sealed: sealed)
        exit(0)
    }
    return 0
}

private func writeSeeds(to directory: String, sealed: [UInt8]) {
    let header = Sample.index.summary.header
    /// Its frames have more tokens than were kept.
    var opaque = SegmentIndex(header: header)
    for (ordinal, frame) in Sample.index.frames.enumerated() {
        var header = FrameHeader(salt: Sample.salt, ordinal: UInt32(ordinal))
        header.storedLength = frame.stored
        opaque.append(frame, header)
        var content = FrameContent()
        content.tokens = [0]
        opaque.append(content)
    }
    func encoded(_ index: SegmentIndex) -> [UInt8] {
        IndexFile.encode(IndexFile.Content(index: index, senders: [], recent: []))
    }
    let seeds: [(name: String, choice: UInt8, bytes: [UInt8])] = [
        ("index", 0x01, sealed),
        ("index-mended", 0x81, sealed),
        ("index-bare", 0x81, encoded(Sample.index)),
        ("index-opaque", 0x81, encoded(opaque)),
        ("index-empty", 0x81, encoded(SegmentIndex(header: header))),
    ]
    for seed in seeds {
        do {
            let path = directory + "/" + seed.name
            try Sample.write(seed.bytes, to: path)
            // The reader takes it, or the fuzzer would have nothing to begin with.
            let index = try SealedIndex(path: path, number: 1)
            precondition(index.areTablesIntact(), "\(seed.name) is damaged")
            try Sample.write([seed.choice] + seed.bytes, to: path)
        } catch { preconditionFailure("\(seed.name): \(error)") }
    }
}
