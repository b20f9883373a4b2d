package import TraceModel

/// Reads a trace ID in the forms that people copy: from a log, from an `x-hms-trace-id` header, from a `traceparent`.
package enum TraceIDText {
    package static func parse(_ text: String) -> TraceID? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        // A traceparent begins with its version, which is two digits long.
        let word = parts.count == 4 && parts[0].count == 2 ? parts[1] : parts[0]
        let hex = word.count == 16 ? String(repeating: "0", count: 16) + word : String(word)
        guard let id = TraceID(hex: hex), !id.isZero else { return nil }
        return id
    }
}
