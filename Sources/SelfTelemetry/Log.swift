import Glibc
import Synchronization

/// Writes one line an event: `time=… level=… event=… message="…" key=value`, or the same as JSON.
///
/// Whatever comes from outside is escaped, so a line stays one line and a terminal shows it as text. A line is at most
/// 1 KiB. Events of one name are limited to a burst and then one a second; how many were left out stands as `suppressed=`
/// on the next line of that name. May be used from any thread; a line goes out with a single `write`, which blocks when
/// standard error is a full pipe.
package final class Log: Sendable {
    package enum Level: Int, Comparable, Sendable, CaseIterable, CustomStringConvertible {
        case debug, info, warning, error

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        package var description: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            }
        }
    }

    package enum Format: Sendable, CaseIterable { case keyValue, json }

    /// Both clocks at one moment: the first is printed, the second limits the rate.
    package struct Instant: Sendable {
        package var unixNanoseconds: UInt64
        package var monotonicNanoseconds: UInt64
        package init(unixNanoseconds: UInt64, monotonicNanoseconds: UInt64) {
            self.unixNanoseconds = unixNanoseconds
            self.monotonicNanoseconds = monotonicNanoseconds
        }
    }

    package typealias Fields = KeyValuePairs<String, any CustomStringConvertible>

    package let level: Level
    package let format: Format
    private let clock: @Sendable () -> Instant
    private let sink: @Sendable ([UInt8]) -> Void
    private let limiter: Mutex<EventLimiter>

    package init(
        level: Level = .info, format: Format = .keyValue, burst: Int = 10,
        clock: @escaping @Sendable () -> Instant = Log.systemClock,
        sink: @escaping @Sendable ([UInt8]) -> Void = Log.standardError
    ) {
        self.level = level
        self.format = format
        self.clock = clock
        self.sink = sink
        limiter = Mutex(EventLimiter(burst: burst))
    }

    /// Says nothing; for tests and for parts that run without a program around them.
    package static let silent = Log(level: .error, sink: { _ in })

    package func debug(_ event: String, _ message: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.debug, event, message, fields)
    }
    package func info(_ event: String, _ message: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.info, event, message, fields)
    }
    package func warning(_ event: String, _ message: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.warning, event, message, fields)
    }
    package func error(_ event: String, _ message: String, _ fields: @autoclosure () -> Fields = [:]) {
        write(.error, event, message, fields)
    }

    private func write(_ level: Level, _ event: String, _ message: String, _ fields: () -> Fields) {
        guard level >= self.level else { return }
        let now = clock()
        guard let suppressed = limiter.withLock({ $0.admit(event, at: now.monotonicNanoseconds) }) else { return }
        var line = LogLine(format: format)
        line.add("time", WallClock.rfc3339(unixNanoseconds: now.unixNanoseconds))
        line.add("level", level)
        line.add("event", event)
        if suppressed > 0 { line.add("suppressed", suppressed) }
        line.add("message", message)
        for (key, value) in fields() { line.add(key, value) }
        sink(line.finish())
    }

    package static let systemClock: @Sendable () -> Instant = {
        Instant(
            unixNanoseconds: WallClock.unixNanoseconds(), monotonicNanoseconds: WallClock.monotonicNanoseconds())
    }

    /// What cannot be written is given up: a log must not stop the program it tells about.
    package static let standardError: @Sendable ([UInt8]) -> Void = { line in
        var start = 0
        while start < line.count {
            // A line is never empty, so it has an address.
            let written = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress! + start, $0.count - start) }
            if written > 0 {
                start += written
            } else if written == 0 || errno != EINTR {
                return
            }
        }
    }
}
