/// The name of an attribute, a query parameter or a variable, brought into the form that globs compare: small letters, and a
/// dot for each separator (`_`, `-`, `.`, blank) and before a large letter that follows a small one. `X-Api-Key`, `x_api_key`
/// and `xApiKey` become `x.api.key`.
enum KeyName {
    /// Longer names are not compared; see `KeyRules.match`.
    static let maximumBytes = 256

    /// `normal` is overwritten. The name must not be longer than `maximumBytes`.
    static func normalize(_ name: Span<UInt8>, into normal: inout [UInt8]) {
        normal.removeAll(keepingCapacity: true)
        var last: UInt8 = 0
        for index in 0..<name.count {
            let byte = name[index]
            if ASCII.isUpper(byte), ASCII.isLower(last) { normal.append(separator) }
            normal.append(isSeparator(byte) ? separator : ASCII.lowercased(byte))
            last = byte
        }
    }

    static let separator = UInt8(ascii: ".")

    static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: " ")
    }
}
