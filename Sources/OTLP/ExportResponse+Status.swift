import JSON
package import WireFormat

extension ExportResponse {
    static let retryInfoType = "type.googleapis.com/google.rpc.RetryInfo"

    /// google.rpc.Status bytes: the body of a failed OTLP/HTTP answer, and `grpc-status-details-bin` before base64.
    package static func status(code: GRPCStatus, message: String, retryAfter: Duration? = nil) -> [UInt8] {
        var writer = ProtobufWriter(capacity: message.utf8.count + 80)
        if code != .ok { writer.varint(1, UInt64(code.rawValue)) }
        if !message.isEmpty { writer.string(2, message) }
        if let retryAfter {
            let (seconds, nanoseconds) = wireDuration(retryAfter)
            writer.message(3) { any in
                any.string(1, retryInfoType)
                any.message(2) { retryInfo in
                    retryInfo.message(1) { delay in
                        if seconds != 0 { delay.varint(1, UInt64(seconds)) }
                        if nanoseconds != 0 { delay.varint(2, UInt64(nanoseconds)) }
                    }
                }
            }
        }
        return writer.bytes
    }

    package static func statusJSON(code: GRPCStatus, message: String, retryAfter: Duration? = nil) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("code")
            writer.number(Int64(code.rawValue))
            writer.key("message")
            writer.string(message)
            guard let retryAfter else { return }
            writer.key("details")
            writer.array { writer in
                writer.object { writer in
                    writer.key("@type")
                    writer.string(retryInfoType)
                    writer.key("retryDelay")
                    writer.string(durationText(retryAfter))
                }
            }
        }
        return writer.bytes
    }

    /// Reads a google.rpc.Status. Details other than RetryInfo are left out; a negative delay is read as none.
    package static func readStatus(_ bytes: Span<UInt8>) throws(WireError) -> RPCStatus {
        var cursor = FieldCursor(bytes)
        var status = RPCStatus(code: 0)
        while let field = try cursor.next() {
            switch field.number {
            case 1: status.code = Int32(truncatingIfNeeded: try cursor.readVarint(field))
            case 2: status.message = try readString(&cursor, field, "status.message")
            case 3:
                if let delay = try readRetryInfo(try cursor.readMessage(field)) { status.retryAfter = delay }
            default: try cursor.skip(field)
            }
        }
        return status
    }

    private static func readRetryInfo(_ bytes: consuming FieldCursor) throws(WireError) -> Duration? {
        var any = bytes
        var type = ""
        var delay: Duration?
        while let field = try any.next() {
            switch field.number {
            case 1: type = try readString(&any, field, "status.details.type_url")
            case 2:
                // Another type's value need not be protobuf that we can read, and the type may stand behind it.
                let value = try any.readBytes(field)
                delay = try? readDelay(FieldCursor(value))
            default: try any.skip(field)
            }
        }
        return type == retryInfoType ? delay : nil
    }

    private static func readDelay(_ bytes: consuming FieldCursor) throws(WireError) -> Duration? {
        var retryInfo = bytes
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        var found = false
        while let field = try retryInfo.next() {
            guard field.number == 1 else {
                try retryInfo.skip(field)
                continue
            }
            found = true
            var delay = try retryInfo.readMessage(field)
            while let field = try delay.next() {
                switch field.number {
                case 1: seconds = Int64(bitPattern: try delay.readVarint(field))
                case 2: nanoseconds = Int64(Int32(truncatingIfNeeded: try delay.readVarint(field)))
                default: try delay.skip(field)
                }
            }
        }
        guard found, seconds >= 0, nanoseconds >= 0 else { return nil }
        // The type's own bounds: 10,000 years, and less than a second of nanoseconds.
        return .seconds(min(seconds, 315_576_000_000)) + .nanoseconds(min(nanoseconds, 999_999_999))
    }

    private static func wireDuration(_ duration: Duration) -> (seconds: Int64, nanoseconds: Int64) {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return (0, 0) }
        return (min(seconds, 315_576_000_000), attoseconds / 1_000_000_000)
    }

    /// Seconds with as many of 0, 3, 6 or 9 decimals as they need, such as `1.500s`.
    private static func durationText(_ duration: Duration) -> String {
        let (seconds, nanoseconds) = wireDuration(duration)
        guard nanoseconds != 0 else { return "\(seconds)s" }
        let padded = String(String(nanoseconds + 1_000_000_000).dropFirst())
        if padded.hasSuffix("000000") { return "\(seconds).\(padded.prefix(3))s" }
        if padded.hasSuffix("000") { return "\(seconds).\(padded.prefix(6))s" }
        return "\(seconds).\(padded)s"
    }
}
