package import EventLoop
import Glibc

/// What `load` was asked for, read once.
package struct LoadPlan: Sendable {
    package var mode: LoadMode
    package var target: SocketAddress
    package var batch: Int
    package var spansPerTrace: Int
    /// Nil: as many requests as `seconds` allow.
    package var requests: UInt64?
    package var seconds: Int?
    package var connections: Int
    /// Requests in flight on each connection.
    package var streams: Int
    /// Spans a second; 0 sends the next request when one is answered.
    package var rate: Int
    package var seed: UInt64
    package var idsFile: String?

    package init(_ arguments: ParsedArguments) throws(UsageError) {
        mode = arguments.value("mode").flatMap { LoadMode(rawValue: $0) } ?? .grpc
        let target = arguments.value("target") ?? ""
        do {
            self.target = try SocketAddress(parsing: target)
        } catch {
            throw .invalidValue(option: "--target", value: target, expected: "an address such as 127.0.0.1:4317")
        }
        batch = try arguments.integer("batch", in: 1...10_000) ?? (mode == .udp ? 2 : 100)
        spansPerTrace = try arguments.integer("trace-spans", in: 1...1_000_000) ?? min(8, batch)
        guard RequestTemplate.fits(spansPerTrace, in: batch) else {
            throw .invalidValue(
                option: "--trace-spans", value: "\(spansPerTrace)",
                expected: "at most --batch (\(batch)), or a multiple of it")
        }
        seconds = try arguments.integer("seconds", in: 1...86_400)
        let spans = try arguments.integer("spans", in: 1...10_000_000_000) ?? (seconds == nil ? 100_000 : nil)
        // Whole requests and traces: at least as many spans as asked for.
        let size = max(batch, spansPerTrace)
        let requestsPerTrace = size / batch
        requests = spans.map { UInt64(($0 + size - 1) / size * requestsPerTrace) }
        connections = try arguments.integer("connections", in: 1...1_000) ?? 1
        streams = mode == .http1 ? 1 : try arguments.integer("streams", in: 1...100) ?? 8
        rate = try arguments.integer("rate", in: 0...100_000_000) ?? 0
        seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? Int.random(in: 0...Int.max))
        idsFile = arguments.value("ids")
    }

    /// Time between the starts of two requests; nil without a rate.
    package var interval: Duration? {
        rate == 0 ? nil : .nanoseconds(Int64(batch) * 1_000_000_000 / Int64(rate))
    }
}
