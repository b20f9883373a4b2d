/// How a body is packed, as the `content-encoding` field names it.
package enum ContentEncoding: String, Sendable, CaseIterable, CustomStringConvertible {
    case identity
    case gzip
    /// The zlib format of RFC 1950. The decoder also takes bare RFC 1951 data, which some clients send under this name.
    case deflate
    case zstd

    /// Reads one encoding, in either case and with blanks around it. A list of encodings or an unknown one is `nil`;
    /// an empty value means the same as no field at all.
    package init?(headerValue: String) {
        if let plain = ContentEncoding(rawValue: headerValue) {
            self = plain
            return
        }
        let bytes = headerValue.utf8
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else {
            self = .identity
            return
        }
        switch headerValue[first...last].lowercased() {
        case "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip  // RFC 9110, 8.4.1.3: both names are the same encoding.
        case "deflate": self = .deflate
        case "zstd": self = .zstd
        default: return nil
        }
    }

    package var description: String { rawValue }
}
