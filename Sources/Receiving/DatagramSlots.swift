import CLinux
import Glibc

/// The memory that one recvmmsg call fills: a slot for each datagram, as long as UDP allows. Pages that no datagram has
/// reached are never touched, so it costs what is used.
package final class DatagramSlots {
    package static let count = 64
    private static let slotBytes = 64 << 10
    private static let controlBytes = Int(hms_drop_count_space())

    private let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count * slotBytes)
    private let control = UnsafeMutableRawPointer.allocate(byteCount: count * controlBytes, alignment: 16)
    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: count)
    private let messages = UnsafeMutablePointer<hms_mmsghdr>.allocate(capacity: count)

    package init() {
        for index in 0..<Self.count {
            vectors[index] = iovec(iov_base: bytes + index * Self.slotBytes, iov_len: Self.slotBytes)
            messages[index] = hms_mmsghdr()
            messages[index].header.msg_iov = vectors + index
            messages[index].header.msg_iovlen = 1
        }
    }

    deinit {
        bytes.deallocate()
        control.deallocate()
        vectors.deallocate()
        messages.deallocate()
    }

    /// How many datagrams came; 0 when none wait.
    package func receive(from fd: Int32) -> Int {
        for index in 0..<Self.count {
            messages[index].header.msg_control = control + index * Self.controlBytes
            messages[index].header.msg_controllen = Self.controlBytes
        }
        return max(0, Int(hms_recvmmsg(fd, messages, UInt32(Self.count))))
    }

    /// Valid until the next `receive`.
    package func datagram(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: bytes + index * Self.slotBytes, count: Int(messages[index].length))
    }

    package func dropCount(ofLast count: Int) -> UInt32? {
        let total = hms_drop_count(&messages[count - 1].header)
        return total < 0 ? nil : UInt32(truncatingIfNeeded: total)
    }
}
