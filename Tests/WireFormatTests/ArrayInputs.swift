import WireFormat

// The span of a temporary array, in a call that throws a typed error, crashes the 6.3.1 compiler in debug builds; these
// give each array a name.

extension TelemetryScanner {
    mutating func scan(_ bytes: [UInt8], as kind: SignalKind) throws(WireError) {
        let span = bytes.span
        try scan(span, as: kind)
    }
}

extension DatagramReader {
    mutating func read(_ bytes: [UInt8]) throws(WireError) {
        let span = bytes.span
        try read(span)
    }
}

extension SpanFilter {
    static func copy(
        _ bytes: [UInt8], into output: inout [UInt8], keep: (Span<UInt8>, Span<UInt8>) -> Bool
    ) throws(WireError) -> Int {
        let span = bytes.span
        return try copy(span, into: &output, keep: keep)
    }

    static func copyValid(_ bytes: [UInt8], into output: inout [UInt8]) throws(WireError) -> Int {
        let span = bytes.span
        return try copyValid(span, into: &output)
    }
}
