/// The name of a tenant. It is a directory's name as well, so it holds nothing that could lead elsewhere.
package struct TenantName: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    package static let rule = "1 to 64 of a-z, 0-9, '-' and '_', the first a letter or digit"

    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.first != UInt8(ascii: "_"),
            bytes.allSatisfy(Self.isAllowed)
        else { return nil }
        self.text = String(text)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
