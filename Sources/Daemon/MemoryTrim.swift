import CLinux
package import EventLoop

/// Gives memory back to the system within seconds after a burst. Lives on one loop, for the whole process.
package final class MemoryTrim {
    private let loop: EventLoop
    private let slack: Int
    private let maxMapped: Int
    private let release: () -> Void
    private var timer: Timer?

    private static let interval = Duration.seconds(2)

    /// - Parameters:
    ///   - slack: what the heap may keep for the next requests.
    ///   - maxMapped: of mapped files, beyond which `release` is called.
    package init(loop: EventLoop, slack: Int, maxMapped: Int = .max, release: @escaping () -> Void = {}) {
        self.loop = loop
        self.slack = slack
        self.maxMapped = maxMapped
        self.release = release
        schedule()
    }

    package func stop() { timer?.cancel() }

    private func schedule() {
        timer = loop.schedule(after: Self.interval) { [weak self] in
            guard let self else { return }
            _ = hms_trim_heap(UInt(slack))
            if maxMapped < .max, hms_mapped_bytes() > UInt64(maxMapped) { release() }
            schedule()
        }
    }
}
