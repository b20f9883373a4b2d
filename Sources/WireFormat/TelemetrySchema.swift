/// The fields of all messages as one table, so that the scanner decides what a field is with one load.
///
/// Each message has a row of 256 entries, one for each tag below 256: that is every wire type of the fields 1 to 31, and
/// OTLP has no field above 16. Greater tags are unknown fields, or no tags.
struct TelemetrySchema: Sendable {
    /// What a tag means within a message.
    struct Entry {
        var rule: TelemetryField.Rule
        /// The message that begins with the field, if the rule says that one does.
        var child: TelemetryMessage
    }

    static let shared = TelemetrySchema()
    static let rowShift = 8
    static let tagMask = 0xFF

    let table: [Entry]

    private init() {
        var table: [Entry] = []
        table.reserveCapacity(TelemetryMessage.allCases.count << Self.rowShift)
        for message in TelemetryMessage.allCases {
            let fields = message.fields
            precondition(fields.allSatisfy { $0.number < 32 }, "a field of \(message) has no place in the table")
            for tag in 0...UInt64(Self.tagMask) {
                guard let field = fields.first(where: { UInt64($0.number) == tag >> 3 }),
                    let type = WireType(rawValue: UInt8(tag & 7))
                else {
                    table.append(Self.entry(ofUnknown: tag))
                    continue
                }
                table.append(Entry(rule: field.rule(in: type), child: field.child ?? .tracesRequest))
            }
        }
        self.table = table
    }

    static func entry(ofUnknown tag: UInt64) -> Entry {
        let rule: TelemetryField.Rule
        switch (tag >> 3, WireType(rawValue: UInt8(tag & 7))) {
        case (0, _), ((1 << 29)..., _), (_, nil): rule = .invalidTag
        case (_, .varint): rule = .varint
        case (_, .fixed64): rule = .fixed64
        case (_, .fixed32): rule = .fixed32
        case (_, .bytes): rule = .bytes
        }
        return Entry(rule: rule, child: .tracesRequest)
    }

    @inline(__always)
    static func row(of message: TelemetryMessage) -> Int { Int(message.rawValue) &<< rowShift }

    static func message(ofRow row: Int) -> TelemetryMessage { TelemetryMessage.allCases[row >> rowShift] }

    static func field(row: Int, tag: UInt64) -> TelemetryField? {
        message(ofRow: row).fields.first { UInt64($0.number) == tag >> 3 }
    }
}
