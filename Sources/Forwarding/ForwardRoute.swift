package import EventLoop
package import Spool

/// The way from the loops that receive to the one that forwards. Shared by all of them.
package final class ForwardRoute: Sendable {
    enum Message: Sendable {
        case batch(SpooledBatch)
        case drain(@Sendable () -> Void)
    }

    let mailbox: Mailbox<Message>

    package init() throws(SystemError) {
        // A lane fills its batches while a few of them wait, so their number is bounded by the spool's bytes.
        mailbox = try Mailbox(capacity: .max)
    }

    package func post(_ batch: SpooledBatch) { mailbox.post(.batch(batch)) }

    /// Has the forwarder send what it holds and then call `done` on its own thread.
    package func drain(_ done: @escaping @Sendable () -> Void) { mailbox.post(.drain(done)) }
}
