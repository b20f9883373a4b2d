/// The OTLP unit (UCUM) that a metric's name ends with.
enum MetricUnit {
    private static let suffixes: [(suffix: String, unit: String)] = [
        ("_milliseconds", "ms"), ("_ms", "ms"), ("_microseconds", "us"), ("_us", "us"), ("_nanoseconds", "ns"),
        ("_ns", "ns"), ("_seconds", "s"), ("_minutes", "min"), ("_hours", "h"), ("_bytes", "By"), ("_percent", "%"),
        ("_ratio", "1"), ("_celsius", "Cel"),
    ]

    /// Empty when the name tells none. `_total` behind the unit is passed over, as in `cpu_seconds_total`.
    static func of(name: String) -> String {
        let name = name.hasSuffix("_total") ? name.dropLast("_total".count) : name[...]
        return suffixes.first { name.hasSuffix($0.suffix) }?.unit ?? ""
    }

    /// What OpenMetrics calls a unit, as OTLP writes it.
    static func of(openMetrics unit: String) -> String {
        suffixes.first { $0.suffix.dropFirst() == unit }?.unit ?? unit
    }
}
