import CLinux
package import EventLoop
import Glibc
package import HTTP
import Synchronization

/// What a thread of a daemon holds: objects that live on its loop, reached by the closure that stops them.
package struct Part {
    let stop: (_ done: @escaping () -> Void) -> Void
    package init(stop: @escaping (_ done: @escaping () -> Void) -> Void) { self.stop = stop }
}

/// A part of a daemon on a thread and loop of its own.
package struct PartThread: Sendable {
    private let thread: LoopThread
    private let commands: Mailbox<Void>

    /// Waits until `make` has set the part up on the new thread, and throws what that threw.
    package static func start(
        name: String, _ make: @escaping @Sendable (EventLoop) throws -> Part
    ) throws -> PartThread {
        let commands = try Mailbox<Void>(capacity: 1)
        let result = StartResult()
        let thread = try EventLoop.start(name: name) { loop in
            do {
                let part = try make(loop)
                try loop.receive(from: commands) { part.stop { loop.stop() } }
                result.set(nil)
            } catch {
                result.set("\(error)")
                loop.stop()
            }
        }
        if let problem = result.wait() {
            thread.join()
            throw PartFailure(description: problem)
        }
        return PartThread(thread: thread, commands: commands)
    }

    /// Has the part finish what it began, and waits until its thread has ended.
    package func stop() {
        commands.post(())
        thread.join()
    }
}

package struct PartFailure: Error, CustomStringConvertible {
    package let description: String
}

/// How a part's start ended, handed from its thread to the one that waits.
private final class StartResult: Sendable {
    private let latch = Latch()
    private let problem = Mutex<String?>(nil)

    func set(_ text: String?) {
        problem.withLock { $0 = text }
        latch.open()
    }

    func wait() -> String? {
        latch.wait()
        return problem.withLock { $0 }
    }
}

/// Something that happens once, and that another thread waits for.
package final class Latch: Sendable {
    private let event: Int32

    package init() { event = eventfd(0, 0) }
    deinit { close(event) }

    package func open() {
        var one: UInt64 = 1
        _ = write(event, &one, 8)
    }

    /// False when the deadline came first. Once open it stays open.
    @discardableResult
    package func wait(until deadline: MonotonicTime? = nil) -> Bool {
        while true {
            var timeout: Int32 = -1
            if let deadline {
                let left = deadline - MonotonicTime.now()
                timeout = Int32(clamping: left.wholeNanoseconds / 1_000_000)
            }
            var descriptor = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, timeout)
            if ready > 0 { return true }
            if ready == 0 { return false }
        }
    }
}

/// Drains several servers of one loop, and calls `done` when the last one is.
package func drainAll(_ servers: [HTTPServer], grace: Duration, _ done: @escaping () -> Void) {
    var left = servers.count
    if left == 0 { done() }
    for server in servers {
        server.drain(grace: grace) {
            left -= 1
            if left == 0 { done() }
        }
    }
}
