import JSON

/// What a run of `load` found.
package struct LoadReport: Sendable {
    package var mode: LoadMode
    package var batch: Int
    package var sentSpans: UInt64 = 0
    package var ackedSpans: UInt64 = 0
    package var ackedTraces: UInt64 = 0
    package var bytes: UInt64 = 0
    package var seconds: Double = 0
    package var latencies = LatencyHistogram()
    /// Requests that failed, by reason.
    package var failures: [String: Int] = [:]

    package init(mode: LoadMode, batch: Int) {
        self.mode = mode
        self.batch = batch
    }

    package var failedRequests: Int { failures.values.reduce(0, +) }

    /// All acknowledged, some not, or none at all.
    package var exitCode: ExitCode {
        if ackedSpans == 0 { return .failure }
        return ackedSpans == sentSpans ? .success : .negative
    }

    /// At most 32 different reasons are told apart, so that a creative peer cannot fill the memory.
    package mutating func countFailure(_ reason: String) {
        let key = failures[reason] != nil || failures.count < 32 ? reason : "other"
        failures[key, default: 0] += 1
    }

    package func json() -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("mode")
            writer.string(mode.rawValue)
            writer.key("batch")
            writer.number(batch)
            writer.key("sent_spans")
            writer.number(sentSpans)
            writer.key("acked_spans")
            writer.number(ackedSpans)
            writer.key("acked_traces")
            writer.number(ackedTraces)
            writer.key("bytes")
            writer.number(bytes)
            writer.key("seconds")
            writer.double(seconds)
            writer.key("acked_spans_per_second")
            writer.double(rate(ackedSpans).rounded())
            writer.key("latency_ms")
            writer.object { writer in
                for (name, value) in quantiles {
                    writer.key(name)
                    writer.double(value)
                }
            }
            writer.key("failures")
            writer.object { writer in
                for (reason, count) in failures.sorted(by: { $0.key < $1.key }) {
                    writer.key(reason)
                    writer.number(count)
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    package func table(style: TextStyle) -> String {
        let word = mode == .udp ? "sent (datagrams are not acknowledged)" : "acknowledged"
        var lines = [
            "\(style.bold("\(ackedSpans) of \(sentSpans) spans")) \(word) in \(Self.fixed(seconds, 2)) s",
            "rate      \(Int(rate(ackedSpans).rounded())) spans/s, \(Self.fixed(rate(bytes) / 1_048_576, 1)) MiB/s",
        ]
        if mode != .udp {
            let text = quantiles.map { "\($0.0) \(Self.fixed($0.1, 2))" }.joined(separator: "  ")
            lines.append("latency   \(text) ms")
        }
        for (reason, count) in failures.sorted(by: { $0.value > $1.value }) {
            lines.append(style.red("failed    \(count) × \(reason)"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var quantiles: [(String, Double)] {
        let values = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)]
        return values.map { ($0.0, (Double(latencies.quantile($0.1)) / 1_000).rounded() / 1_000) }
    }

    private func rate(_ count: UInt64) -> Double { seconds > 0 ? Double(count) / seconds : 0 }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = digits == 1 ? 10.0 : 100.0
        let whole = UInt64(max(0, value * scale).rounded())
        let unit = UInt64(scale)
        let fraction = String(whole % unit)
        return "\(whole / unit)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
