/// One field of a message: its number, its name in error messages, and what the scanner does with it.
struct TelemetryField {
    /// What to do with a field. The order is the order of the scanner's switch.
    enum Rule: UInt8 {
        case string
        case message
        case varint
        case fixed64
        case fixed32
        /// Bytes, or an unknown length-delimited field: nothing but the length is looked at.
        case bytes
        case span
        case traceID
        case spanID
        case parentSpanID
        case linkTraceID
        case linkSpanID
        case resourceKey
        case resourceText
        case packedFixed64
        case packedVarint
        /// A known field in a wire type that it can't have.
        case wrongWireType
        /// Field number 0, a group, or a wire type that doesn't exist.
        case invalidTag
    }

    let number: UInt32
    let name: String
    let rule: Rule
    let child: TelemetryMessage?

    init(_ number: UInt32, _ name: String, _ rule: Rule, _ child: TelemetryMessage? = nil) {
        self.number = number
        self.name = name
        self.rule = rule
        self.child = child
    }

    static func message(_ number: UInt32, _ name: String, _ child: TelemetryMessage) -> TelemetryField {
        TelemetryField(number, name, .message, child)
    }

    var wireType: WireType {
        switch rule {
        case .varint: .varint
        case .fixed64: .fixed64
        case .fixed32: .fixed32
        default: .bytes
        }
    }

    /// What to do when the field comes in `type`. Repeated numbers may come packed or one by one.
    func rule(in type: WireType) -> Rule {
        switch (rule, type) {
        case (.packedFixed64, .fixed64): .fixed64
        case (.packedVarint, .varint): .varint
        default: type == wireType ? rule : .wrongWireType
        }
    }
}
