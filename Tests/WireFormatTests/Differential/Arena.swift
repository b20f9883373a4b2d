import CProtobufC
import Glibc

/// Memory for one decoded message, taken and freed as a whole. Beyond its cap allocations fail.
final class Arena {
    private let block: UnsafeMutableRawPointer
    private let capacity: Int
    private var used = 0
    private(set) var isExhausted = false

    init(capacity: Int) {
        self.capacity = capacity
        block = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { block.deallocate() }

    /// Calls protobuf-c with an allocator that holds only while `body` runs.
    func withAllocator<Result>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> Result) -> Result {
        var allocator = ProtobufCAllocator(
            alloc: { arena, size in
                // `allocator_data` is the arena that `withAllocator` keeps alive.
                Unmanaged<Arena>.fromOpaque(arena!).takeUnretainedValue().allocate(size)
            },
            free: { _, _ in },
            allocator_data: Unmanaged.passUnretained(self).toOpaque())
        return withExtendedLifetime(self) { body(&allocator) }
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        let rounded = (size + 15) & ~15
        guard size >= 0, rounded <= capacity - used else {
            isExhausted = true
            return nil
        }
        defer { used += rounded }
        return block + used
    }
}
