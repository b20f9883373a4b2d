import Glibc
import Synchronization

/// The way a command's output takes: straight out, or through a pager once it proves longer than the screen. Remarks made
/// while a pager has the screen come after it.
final class OutputChannel: Sendable {
    private struct State: ~Copyable {
        var descriptor: Int32
        /// What waits until it is known whether all fits the screen; nil once output flows.
        var held: [UInt8]?
        var heldLines = 0
        var pager: Pager?
        var heldRemarks: [UInt8] = []
        var isReaderGone = false
        /// Why something could not be written, as of a full disk.
        var failure: Int32?

        mutating func write(_ bytes: [UInt8]) {
            guard !bytes.isEmpty, let code = OutputChannel.write(bytes, to: descriptor) else { return }
            isReaderGone = true
            // A reader who went away, as in `hms-ops trace … | head`, is no failure.
            if code != EPIPE { failure = code }
        }
    }

    private let state: Mutex<State>
    private let remarks: Int32
    private let screenLines: Int
    private let command: String?

    private static let mostHeld = 1 << 20
    private static let mostRemarks = 64 << 10

    /// - Parameter pager: the command to use for more than `screenLines` lines; nil for none.
    init(to descriptor: Int32, remarks: Int32, pager: String? = nil, screenLines: Int = 24) {
        state = Mutex(State(descriptor: descriptor, held: pager == nil ? nil : []))
        self.remarks = remarks
        self.screenLines = screenLines
        command = pager
    }

    /// Whether nobody reads any more, so that further output is in vain.
    var isReaderGone: Bool { state.withLock { $0.isReaderGone } }

    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            guard !state.isReaderGone else { return }
            guard state.held != nil else {
                state.write(bytes)
                return
            }
            state.held?.append(contentsOf: bytes)
            state.heldLines += bytes.count { $0 == UInt8(ascii: "\n") }
            guard state.heldLines >= screenLines || (state.held?.count ?? 0) > Self.mostHeld else { return }
            if let command, let pager = Pager(command) {
                state.descriptor = pager.pipe
                state.pager = consume pager
            }
            Self.release(&state)
        }
    }

    func remark(_ text: String) {
        let bytes = Array(text.utf8)
        let isHeld = state.withLock { state in
            guard state.pager != nil else {
                // Output stands before the remarks that are made after it.
                Self.release(&state)
                return false
            }
            if state.heldRemarks.count + bytes.count <= Self.mostRemarks { state.heldRemarks += bytes }
            return true
        }
        if !isHeld { _ = Self.write(bytes, to: remarks) }
    }

    /// Writes what is held, and waits until the pager is left. Nothing may be written after it. Gives the reason when something
    /// could not be written.
    func finish() -> Int32? {
        state.withLock { state in
            Self.release(&state)
            guard let pager = state.pager.take() else { return state.failure }
            pager.finish()
            state.isReaderGone = true
            _ = Self.write(state.heldRemarks, to: remarks)
            state.heldRemarks = []
            return state.failure
        }
    }

    private static func release(_ state: inout State) {
        guard let held = state.held else { return }
        state.held = nil
        state.write(held)
    }

    /// Writes all, or says why it could not.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var offset = 0
        while offset < bytes.count {
            let written = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let code = errno
            if written > 0 {
                offset += written
            } else if code == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if code != EINTR {
                return code
            }
        }
        return nil
    }
}
