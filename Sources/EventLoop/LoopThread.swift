import CLinux
import Glibc

/// A thread with a loop of its own.
package struct LoopThread: Sendable {
    private let thread: pthread_t

    /// Waits until the thread's loop has stopped and its objects are freed. Call once.
    package func join() { pthread_join(thread, nil) }

    private init(_ thread: pthread_t) { self.thread = thread }

    private final class Start {
        let name: String
        let body: @Sendable (EventLoop) -> Void
        init(name: String, body: @escaping @Sendable (EventLoop) -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread; `body` sets up on it whatever lives there, then the loop runs until something calls `stop`.
    fileprivate static func start(
        name: String, _ body: @escaping @Sendable (EventLoop) -> Void
    ) throws(SystemError) -> LoopThread {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let result = pthread_create(
            &thread, nil,
            { argument in
                // `argument` is the box retained above; pthread passes it through unchanged.
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                _ = start.name.withCString { hms_set_thread_name($0) }
                do {
                    let loop = try EventLoop()
                    start.body(loop)
                    loop.run()
                    loop.forgetHandlers()
                } catch {
                    let message = "thread '\(start.name)' cannot start: \(error)\n"
                    _ = message.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
                    abort()
                }
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw SystemError("start thread '\(name)'", code: result)
        }
        return LoopThread(thread)
    }
}

extension EventLoop {
    /// See `LoopThread`. Names longer than 15 bytes are refused by the kernel and left out.
    package static func start(
        name: String, _ body: @escaping @Sendable (EventLoop) -> Void
    ) throws(SystemError) -> LoopThread {
        try LoopThread.start(name: name, body)
    }
}
