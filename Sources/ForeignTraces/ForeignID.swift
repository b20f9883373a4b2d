import TraceModel

/// Ids as other systems write them: shorter than ours when they begin with zeros.
enum ForeignID {
    /// Nil unless there are 1 to 32 hexadecimal digits, not all of them zero.
    static func trace(_ text: String) -> TraceID? {
        guard let id = TraceID(hex: padded(text, to: 32)), !id.isZero else { return nil }
        return id
    }

    /// Nil unless there are 1 to 16 hexadecimal digits, not all of them zero.
    static func span(_ text: String) -> SpanID? {
        guard let id = SpanID(hex: padded(text, to: 16)), !id.isZero else { return nil }
        return id
    }

    private static func padded(_ text: String, to digits: Int) -> String {
        let count = text.utf8.count
        return count == 0 || count >= digits ? text : String(repeating: "0", count: digits - count) + text
    }
}
