import OTLP
import TraceModel

/// Ids as Jaeger writes and reads them.
enum JaegerID {
    /// 32 digits, or 16 when the upper half is zero.
    static func text(_ id: TraceID) -> String {
        id.high == 0 ? SpanID(value: id.low).description : id.description
    }

    /// Up to 32 hexadecimal digits of either case, or the bytes in base64.
    static func parse(_ text: String) -> TraceID? {
        let digits = text.utf8.count
        guard (1...32).contains(digits) else { return nil }
        if let id = TraceID(hex: String(repeating: "0", count: 32 - digits) + text) { return id }
        guard let bytes = Base64.decode(Array(text.utf8)), bytes.count == 16 else { return nil }
        func half(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return TraceID(high: half(bytes[..<8]), low: half(bytes[8...]))
    }
}
