import CLinux
package import EventLoop

/// Gives memory back to the system within seconds after a burst. Lives on one loop, for the whole process.
package final class MemoryTrim {
    private let loop: EventLoop
    private let slack: Int
    private var timer: Timer?

    private static let interval = Duration.seconds(2)

    /// - Parameter slack: what the heap may keep for the next requests.
    package init(loop: EventLoop, slack: Int) {
        self.loop = loop
        self.slack = slack
        schedule()
    }

    package func stop() { timer?.cancel() }

    private func schedule() {
        timer = loop.schedule(after: Self.interval) { [weak self] in
            guard let self else { return }
            _ = hms_trim_heap(UInt(slack))
            schedule()
        }
    }
}
