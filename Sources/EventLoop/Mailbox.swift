import CLinux
import Glibc
import Synchronization

/// The one way into a loop from other threads: a bounded queue that refuses when full, so overload sheds work instead of
/// growing memory.
package final class Mailbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    private let capacity: Int
    let wakeUp: Int32

    package init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        wakeUp = try check("eventfd", eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)))
    }

    deinit { close(wakeUp) }

    /// Returns false, and keeps nothing, when the box is full.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        let count: Int? = waiting.withLock { waiting in
            guard waiting.count < capacity else { return nil }
            waiting.append(message)
            return waiting.count
        }
        if count == 1 {
            var one: UInt64 = 1
            // A full eventfd counter cannot happen: the reader resets it whenever it takes the messages.
            _ = write(wakeUp, &one, 8)
        }
        return count != nil
    }

    /// Takes all messages; called on the receiving loop.
    func takeAll() -> [Message] {
        var count: UInt64 = 0
        _ = read(wakeUp, &count, 8)
        return waiting.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
    }
}

extension EventLoop {
    /// Calls `handler` on this loop for each message posted to `mailbox`. One loop receives from a mailbox.
    @discardableResult
    package func receive<Message: Sendable>(
        from mailbox: Mailbox<Message>, _ handler: @escaping (Message) -> Void
    ) throws(SystemError) -> Watch {
        try watch(mailbox.wakeUp, .read) { _ in
            var messages = mailbox.takeAll()
            messages.reverse()
            // Each is let go of before the next is handled: what one carries may be large.
            while let message = messages.popLast() { handler(message) }
        }
    }

    /// Calls `handler` on this loop with all the messages that wait, at once.
    @discardableResult
    package func receiveAll<Message: Sendable>(
        from mailbox: Mailbox<Message>, _ handler: @escaping ([Message]) -> Void
    ) throws(SystemError) -> Watch {
        try watch(mailbox.wakeUp, .read) { _ in handler(mailbox.takeAll()) }
    }
}
