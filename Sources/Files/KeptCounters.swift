import CLinux
import Glibc
import Synchronization

/// Counters in a mapped file: to add is one atomic instruction, and what was counted outlives the process however it ends.
/// Where the file cannot be had they are in memory, and begin anew.
///
///     header: 0 magic "HMSCOUNT"   8 version:u32   12 slots:u32   16 zeros to 64
///     slot, 64 bytes: 0 name:32 (UTF-8, zeros behind it)   32 nameCheck:u32   36 savedCheck:u32   40 saved:u64   48 value:u64
///                     56 twin:u64
///
/// `saved` is the value of the last second with a checksum: a value below it, or far above, is not believed. `twin` is added
/// to right after the value, so the two differ by what one thread was adding when the process was killed, or by damage; then
/// the one is believed that can be, and of two the lesser. Everything is little endian.
package final class KeptCounters: Sendable {
    package struct Problem: Sendable, CustomStringConvertible {
        package var description: String
    }

    private static let magic: UInt64 = 0x544E_554F_4353_4D48  // "HMSCOUNT" read as a number
    private static let headerBytes = 64
    private static let slotBytes = 64
    private static let nameBytes = 32
    private static let (nameCheckAt, savedCheckAt, savedAt, valueAt, twinAt) = (32, 36, 40, 48, 56)
    /// More than any counter can rise between two saves.
    private static let believable: UInt64 = 1 << 28

    private let names: [String: Int]
    // Safe to share: the mapping lives as long as this object, is written through atomics, and names are set up before it is
    // shared.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let length: Int
    /// What was found wrong with the file.
    package let problems: [Problem]

    /// - Parameter path: nil for counters that are not kept.
    package init(path: String?, names: [String]) {
        precondition(names.allSatisfy { $0.utf8.count <= Self.nameBytes }, "a counter's name is too long")
        var problems: [Problem] = []
        length = Self.headerBytes + names.count * Self.slotBytes
        var earlier: [String: UInt64] = [:]
        if let path { earlier = Self.readEarlier(path, &problems) }
        base = Self.map(path, length, &problems)
        self.names = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        base.storeBytes(of: Self.magic.littleEndian, as: UInt64.self)
        base.storeBytes(of: UInt32(1).littleEndian, toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: UInt32(names.count).littleEndian, toByteOffset: 12, as: UInt32.self)
        for (index, name) in names.enumerated() {
            let slot = base + Self.headerBytes + index * Self.slotBytes
            memset(slot, 0, Self.slotBytes)
            for (offset, byte) in name.utf8.enumerated() {
                slot.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            }
            slot.storeBytes(of: Self.nameCheck(slot).littleEndian, toByteOffset: Self.nameCheckAt, as: UInt32.self)
            for offset in [Self.valueAt, Self.twinAt] {
                slot.storeBytes(of: (earlier[name] ?? 0).littleEndian, toByteOffset: offset, as: UInt64.self)
            }
        }
        self.problems = problems
        save()
    }

    deinit { munmap(base, length) }

    package func add(_ name: String, _ amount: UInt64) {
        guard let index = names[name] else { preconditionFailure("counter '\(name)' is not kept") }
        value(index, Self.valueAt).pointee.wrappingAdd(amount, ordering: .relaxed)
        value(index, Self.twinAt).pointee.wrappingAdd(amount, ordering: .relaxed)
    }

    package func get(_ name: String) -> UInt64 {
        names[name].map { value($0, Self.valueAt).pointee.load(ordering: .relaxed) } ?? 0
    }

    /// To be called each second, and at the end.
    package func save() {
        for index in 0..<names.count {
            let slot = base + Self.headerBytes + index * Self.slotBytes
            let current = value(index, Self.valueAt).pointee.load(ordering: .relaxed)
            slot.storeBytes(of: current.littleEndian, toByteOffset: Self.savedAt, as: UInt64.self)
            slot.storeBytes(of: Self.savedCheck(slot).littleEndian, toByteOffset: Self.savedCheckAt, as: UInt32.self)
        }
    }

    private func value(_ index: Int, _ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        // The layout of an atomic is that of its value; the slot is aligned to 64 bytes.
        (base + Self.headerBytes + index * Self.slotBytes + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    private static func nameCheck(_ slot: UnsafeRawPointer) -> UInt32 {
        checksum(UnsafeRawBufferPointer(start: slot, count: nameBytes))
    }

    private static func savedCheck(_ slot: UnsafeRawPointer) -> UInt32 {
        checksum(UnsafeRawBufferPointer(start: slot + savedAt, count: 8), continuing: nameCheck(slot))
    }

    // MARK: the file

    private static func readEarlier(_ path: String, _ problems: inout [Problem]) -> [String: UInt64] {
        guard fileExists(path) else { return [:] }
        var bytes: [UInt8] = []
        do throws(StorageFailure) {
            let file = try ReadFile(path)
            try file.read(min(try file.size(), 1 << 20), at: 0, into: &bytes)
        } catch {
            problems.append(Problem(description: "\(error); its counters are lost"))
            return [:]
        }
        // An empty one was made a moment before its process ended.
        guard !bytes.isEmpty else { return [:] }
        guard bytes.count >= headerBytes else {
            problems.append(Problem(description: "'\(path)' is cut off; its counters are lost"))
            return [:]
        }
        if bytes.loadLittle(at: 0, as: UInt64.self) != magic {
            problems.append(Problem(description: "'\(path)' has a damaged header"))
        }
        var values: [String: UInt64] = [:]
        for start in stride(from: headerBytes, through: bytes.count - slotBytes, by: slotBytes) {
            bytes.withUnsafeBytes { bytes in
                guard let slot = bytes.baseAddress.map({ $0 + start }) else { return }
                let nameLength = UnsafeRawBufferPointer(start: slot, count: nameBytes).prefix { $0 != 0 }.count
                guard nameLength > 0 else { return }
                let name = String(
                    decoding: UnsafeRawBufferPointer(start: slot, count: nameLength), as: UTF8.self)
                guard bytes.loadLittle(at: start + nameCheckAt, as: UInt32.self) == nameCheck(slot) else {
                    problems.append(
                        Problem(description: "'\(path)' has a damaged name at byte \(start); a counter is lost"))
                    return
                }
                let saved = bytes.loadLittle(at: start + savedAt, as: UInt64.self)
                let written = [valueAt, twinAt].map { bytes.loadLittle(at: start + $0, as: UInt64.self) }
                let isChecked = bytes.loadLittle(at: start + savedCheckAt, as: UInt32.self) == savedCheck(slot)
                let believed = isChecked ? written.filter { $0 >= saved && $0 - saved <= believable } : written
                let value = believed.min() ?? saved
                values[name] = value
                guard !isChecked || written.contains(where: { $0 != value }) else { return }
                problems.append(
                    Problem(
                        description:
                            "'\(path)' does not agree about '\(name)': saved \(saved)\(isChecked ? "" : " (damaged)"), "
                            + "then \(written[0]) and \(written[1]); \(value) is used"))
            }
        }
        return values
    }

    private static func map(_ path: String?, _ length: Int, _ problems: inout [Problem]) -> UnsafeMutableRawPointer {
        if let path {
            let descriptor = hms_open(path, O_RDWR | O_CREAT, 0o640)
            defer { if descriptor >= 0 { close(descriptor) } }
            // Blocks are taken at once, as a write to a mapping on a full disk would end the process.
            if descriptor >= 0, ftruncate(descriptor, off_t(length)) == 0, hms_allocate(descriptor, off_t(length)) == 0,
                let mapped = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED
            {
                return mapped
            }
            let reason = String(cString: strerror(errno))
            problems.append(
                Problem(description: "'\(path)' cannot be had: \(reason); counters begin anew with each start"))
        }
        guard let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { preconditionFailure("no memory for counters") }
        return memory
    }
}
