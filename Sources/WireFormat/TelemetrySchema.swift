/// The fields of all messages as one table, so that the scanner decides what a field is with one load.
///
/// A row of 128 entries for each message, one for each tag of one byte. An entry is the rule in its lower byte and the
/// message that begins there in its upper byte. Longer tags are looked up by `entry(row:tag:)`.
struct TelemetrySchema: Sendable {
    static let shared = TelemetrySchema()
    static let rowShift = 7

    let table: [UInt16]

    private init() {
        var table: [UInt16] = []
        table.reserveCapacity(TelemetryMessage.allCases.count << Self.rowShift)
        for message in TelemetryMessage.allCases {
            let fields = message.fields
            for tag in 0..<UInt64(1 << Self.rowShift) {
                table.append(Self.entry(for: tag, among: fields))
            }
        }
        self.table = table
    }

    /// The entry for a tag of any length.
    func entry(row: Int, tag: UInt64) -> UInt16 {
        if tag < 1 << Self.rowShift { return table[row | Int(tag)] }
        return Self.entry(for: tag, among: Self.message(ofRow: row).fields)
    }

    /// The names of a field and of the message's known fields at `slot`, which is a row and a tag; nil if unknown.
    func field(row: Int, tag: UInt64) -> TelemetryField? {
        Self.message(ofRow: row).fields.first { $0.number == UInt32(truncatingIfNeeded: tag >> 3) }
    }

    static func row(of message: TelemetryMessage) -> Int { Int(message.rawValue) << rowShift }

    static func message(ofRow row: Int) -> TelemetryMessage {
        // Rows come from `row(of:)` and from entries of the table alone.
        TelemetryMessage(rawValue: UInt8(truncatingIfNeeded: row >> rowShift))!
    }

    private static func entry(for tag: UInt64, among fields: [TelemetryField]) -> UInt16 {
        let number = tag >> 3
        guard number > 0, number < 1 << 29, let type = WireType(rawValue: UInt8(tag & 7)) else {
            return UInt16(TelemetryField.Rule.invalidTag.rawValue)
        }
        guard let field = fields.first(where: { UInt64($0.number) == number }) else {
            return UInt16(rule(forUnknown: type).rawValue)
        }
        return UInt16(field.rule(in: type).rawValue) | UInt16(field.child?.rawValue ?? 0) << 8
    }

    private static func rule(forUnknown type: WireType) -> TelemetryField.Rule {
        switch type {
        case .varint: .varint
        case .fixed64: .fixed64
        case .fixed32: .fixed32
        case .bytes: .bytes
        }
    }
}
