import JSON
package import WireFormat

/// What answers an export: the Export…ServiceResponse messages and, for failures, google.rpc.Status. The three responses
/// differ in one JSON name alone, so `kind` matters only there.
package enum ExportResponse {
    /// The part of a response that says what was not taken. Zero rejected with a message is a warning.
    package struct PartialSuccess: Sendable, Hashable {
        package var rejected: Int
        package var message: String

        package init(rejected: Int, message: String) {
            self.rejected = rejected
            self.message = message
        }
    }

    /// Full success (empty bytes) when nothing was rejected and there is nothing to say.
    package static func protobuf(_ kind: SignalKind, rejected: Int = 0, message: String = "") -> [UInt8] {
        var writer = ProtobufWriter(capacity: message.utf8.count + 16)
        guard rejected != 0 || !message.isEmpty else { return [] }
        writer.message(1) { writer in
            if rejected != 0 { writer.varint(1, UInt64(bitPattern: Int64(rejected))) }
            if !message.isEmpty { writer.string(2, message) }
        }
        return writer.bytes
    }

    package static func json(_ kind: SignalKind, rejected: Int = 0, message: String = "") -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            guard rejected != 0 || !message.isEmpty else { return }
            writer.key("partialSuccess")
            writer.object { writer in
                if rejected != 0 {
                    writer.key(rejectedName(kind))
                    writer.string(String(rejected))
                }
                if !message.isEmpty {
                    writer.key("errorMessage")
                    writer.string(message)
                }
            }
        }
        return writer.bytes
    }

    /// Reads the body of a successful answer. Nil when everything was taken.
    package static func partialSuccess(_ response: Span<UInt8>) throws(WireError) -> PartialSuccess? {
        var cursor = FieldCursor(response)
        var result: PartialSuccess?
        while let field = try cursor.next() {
            guard field.number == 1 else {
                try cursor.skip(field)
                continue
            }
            var partial = result ?? PartialSuccess(rejected: 0, message: "")
            var inner = try cursor.readMessage(field)
            while let field = try inner.next() {
                switch field.number {
                case 1: partial.rejected = Int(Int64(bitPattern: try inner.readVarint(field)))
                case 2: partial.message = try readString(&inner, field, "partial_success.error_message")
                default: try inner.skip(field)
                }
            }
            result = partial
        }
        return result == PartialSuccess(rejected: 0, message: "") ? nil : result
    }

    private static func rejectedName(_ kind: SignalKind) -> String {
        switch kind {
        case .traces: "rejectedSpans"
        case .metrics: "rejectedDataPoints"
        case .logs: "rejectedLogRecords"
        }
    }
}
