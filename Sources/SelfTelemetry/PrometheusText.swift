/// Writes the Prometheus text format: `# HELP`, `# TYPE` and one line a series.
struct PrometheusText {
    private(set) var text = ""

    mutating func head(name: String, help: String, type: String) {
        text += "# HELP \(name) \(Self.escape(help, quotes: false))\n# TYPE \(name) \(type)\n"
    }

    mutating func series(name: String, labels: String, metric: Metric) {
        switch metric {
        case .counter(let counter): line(name, labels, String(counter.value))
        case .readCounter(let read): line(name, labels, String(read()))
        case .gauge(let gauge): line(name, labels, String(gauge.value))
        case .readGauge(let read): line(name, labels, Self.number(read()))
        case .histogram(let histogram):
            let snapshot = histogram.snapshot
            for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.cumulative) {
                let le = Self.labels([("le", Self.number(bound))])
                line(name + "_bucket", labels.isEmpty ? le : labels + "," + le, String(count))
            }
            line(name + "_sum", labels, Self.number(snapshot.sum))
            line(name + "_count", labels, String(snapshot.count))
        }
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// What stands between the braces.
    static func labels(_ labels: [(String, String)]) -> String {
        labels.map { label in
            precondition(isName(label.0) && !label.0.contains(":"), "'\(label.0)' is not a label name")
            return "\(label.0)=\"\(escape(label.1, quotes: true))\""
        }.joined(separator: ",")
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return String(value)
    }

    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
