import CLinux
import Files
import Glibc

/// Keeps how much a lane has taken, apart from the records themselves: when the newest of them are cut off or their file is
/// gone, nothing else would tell that there were any, and their batches' numbers would be given again. The file is mapped, so
/// noting is a few stores, which outlive the process however it ends. Lives on the loop that fills the lane.
///
///     two slots of 64 bytes, written in turn, little endian: 0 generation:u64   8 items:u64   16 nextBatch:u64
///     24 check:u64, the digest of 0..<24
final class TakenFile {
    struct Content: Equatable {
        /// Items that the lane has accepted.
        var items: UInt64
        /// The first batch number that was not given yet.
        var nextBatch: UInt64
    }

    let path: String
    private let base: UnsafeMutableRawPointer
    private var generation: UInt64
    private static let slotLength = 64
    private static let length = 2 * slotLength

    static func path(in directory: String) -> String { directory + "/taken" }

    /// Opens the lane's file, or makes it. Its blocks are taken at once, as a store to a mapping on a full disk would end the
    /// process.
    init(directory: String) throws(StorageFailure) {
        path = Self.path(in: directory)
        generation = Self.newest(directory)?.generation ?? 0
        let descriptor = hms_open(path, O_RDWR | O_CREAT, 0o640)
        guard descriptor >= 0 else { throw StorageFailure("opening", path, code: errno) }
        defer { close(descriptor) }
        guard ftruncate(descriptor, off_t(Self.length)) == 0, hms_allocate(descriptor, off_t(Self.length)) == 0 else {
            throw StorageFailure("making room for", path, code: errno)
        }
        guard let mapped = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            mapped != MAP_FAILED
        else { throw StorageFailure("mapping", path, code: errno) }
        base = mapped
    }

    deinit { munmap(base, Self.length) }

    func note(_ content: Content) {
        generation &+= 1
        let slot = UnsafeMutableRawBufferPointer(
            start: base + (generation & 1 == 0 ? 0 : Self.slotLength), count: Self.slotLength)
        slot.storeLittle(generation, at: 0)
        slot.storeLittle(content.items, at: 8)
        slot.storeLittle(content.nextBatch, at: 16)
        slot.storeLittle(Self.check(UnsafeRawBufferPointer(slot)), at: 24)
    }

    /// What was noted last; nil when there is no file or neither slot is whole.
    static func read(_ directory: String) -> Content? { newest(directory)?.content }

    private static func newest(_ directory: String) -> (content: Content, generation: UInt64)? {
        var bytes: [UInt8] = []
        guard let file = try? ReadFile(path(in: directory)), (try? file.read(length, at: 0, into: &bytes)) != nil else {
            return nil
        }
        let slots = bytes.withUnsafeBytes { bytes in
            stride(from: 0, through: bytes.count - slotLength, by: slotLength).compactMap { start in
                let slot = UnsafeRawBufferPointer(rebasing: bytes[start..<start + slotLength])
                let generation = slot.loadLittle(at: 0, as: UInt64.self)
                guard generation > 0, slot.loadLittle(at: 24, as: UInt64.self) == check(slot) else {
                    return nil as (content: Content, generation: UInt64)?
                }
                let content = Content(
                    items: slot.loadLittle(at: 8, as: UInt64.self), nextBatch: slot.loadLittle(at: 16, as: UInt64.self))
                return (content, generation)
            }
        }
        return slots.max { $0.generation < $1.generation }
    }

    private static func check(_ slot: UnsafeRawBufferPointer) -> UInt64 {
        BodyDigest.of(UnsafeRawBufferPointer(rebasing: slot[0..<24]))
    }
}
