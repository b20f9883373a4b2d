/// The header values of gRPC that need an encoding of their own.
package enum GRPCMessage {
    /// The text of `grpc-message`: printable ASCII stands as it is, everything else and `%` as `%XX` of its UTF-8 bytes.
    package static func percentEncoded(_ message: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(message.utf8.count)
        for byte in message.utf8 {
            if byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(upperDigit(byte >> 4))
                encoded.append(upperDigit(byte & 15))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Reads a `grpc-message`. A `%` that no two hexadecimal digits follow stays as it is, and bytes that are not UTF-8 become
    /// replacement characters: gRPC forbids to fail here.
    package static func percentDecoded(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = Hex.value(bytes[index + 1]),
                let low = Hex.value(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    /// Reads `grpc-timeout`: one to eight digits and a unit of `H M S m u n`. Nil when it is anything else.
    package static func timeout(_ text: String) -> Duration? {
        let bytes = text.utf8
        guard bytes.count >= 2, bytes.count <= 9, let unit = bytes.last else { return nil }
        var amount: Int64 = 0
        for byte in bytes.dropLast() {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            amount = amount * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        switch unit {
        case UInt8(ascii: "H"): return .seconds(amount * 3600)
        case UInt8(ascii: "M"): return .seconds(amount * 60)
        case UInt8(ascii: "S"): return .seconds(amount)
        case UInt8(ascii: "m"): return .milliseconds(amount)
        case UInt8(ascii: "u"): return .microseconds(amount)
        case UInt8(ascii: "n"): return .nanoseconds(amount)
        default: return nil
        }
    }

    /// Writes `grpc-timeout` in the finest unit whose eight digits hold it, rounded down; `0n` for what is not positive.
    package static func timeoutText(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return "0n" }
        let nanoseconds = attoseconds / 1_000_000_000
        let units: [(perSecond: Int64, name: String)] = [
            (1_000_000_000, "n"), (1_000_000, "u"), (1_000, "m"), (1, "S"),
        ]
        for unit in units where seconds <= 99_999_999 / unit.perSecond {
            let amount = seconds * unit.perSecond + nanoseconds / (1_000_000_000 / unit.perSecond)
            if amount <= 99_999_999 { return "\(amount)\(unit.name)" }
        }
        if seconds / 60 <= 99_999_999 { return "\(seconds / 60)M" }
        return "\(min(seconds / 3600, 99_999_999))H"
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
