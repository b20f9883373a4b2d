import WireFormat

/// Stands in for the OTLP module's type of this name until that lands.
enum OTLPJSON {
    static func json(fromProtobuf message: Span<UInt8>, as kind: SignalKind) throws(WireError) -> [UInt8] {
        throw WireError(.truncated(needed: 0, available: 0), at: 0, field: "OTLP JSON is not available yet")
    }
}
