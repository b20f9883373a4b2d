extension RequestHead {
    /// The key that the request shows: `authorization: Bearer KEY`, `x-api-key: KEY`, or the password of
    /// `authorization: Basic …`, which is how a browser asks a person for it.
    package var presentedKey: String? {
        guard let authorization = headers["authorization"] else { return headers["x-api-key"] }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": return String(parts[1])
        case "basic":
            guard let plain = decodeBase64(parts[1]), let colon = plain.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            return String(decoding: plain[(colon + 1)...], as: UTF8.self)
        default: return nil
        }
    }
}

/// Base64 in the standard alphabet; nil for anything else.
private func decodeBase64(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var group: UInt32 = 0
    var bits = 0
    for byte in text.utf8 where byte != UInt8(ascii: "=") {
        let value: UInt8
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        default: return nil
        }
        group = (group << 6 | UInt32(value)) & 0xFFFF
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
        }
    }
    return bytes
}
