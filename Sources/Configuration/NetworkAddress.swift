/// A checked address out of a configuration: `127.0.0.1:4317`, `[::1]:4317`, `collector.example:14317` or `unix:/path`.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Host: Hashable, Sendable {
        case ipv4([UInt8])
        /// As written, without brackets.
        case ipv6(String)
        case name(String)
        case unix(path: String)
    }

    package let host: Host
    /// nil for unix sockets; 0 lets the system choose.
    package let port: UInt16?

    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // The kernel's limit for a socket's path, its terminator included, is 108 bytes.
            guard path.hasPrefix("/"), path.utf8.count < 108, !path.utf8.contains(0) else { return nil }
            host = .unix(path: path)
            port = nil
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.count <= 5, !digits.hasPrefix("-"), let number = wholeNumber(digits),
            let port = UInt16(exactly: number), let host = Self.host(text[..<colon])
        else { return nil }
        self.host = host
        self.port = port
    }

    private static func host(_ text: Substring) -> Host? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = text.dropFirst().dropLast()
            return isIPv6(inner) ? .ipv6(inner.lowercased()) : nil
        }
        if text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return ipv4(text).map { .ipv4($0) }
        }
        return isName(text) ? .name(text.lowercased()) : nil
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        switch host {
        case .ipv4(let bytes): bytes[0] == 127
        case .ipv6(let text): text == "::1" || text == "0:0:0:0:0:0:0:1"
        case .name(let name): name == "localhost"
        case .unix: true
        }
    }

    package var isNumeric: Bool {
        if case .name = host { return false }
        return true
    }

    package var description: String {
        switch host {
        case .ipv4(let bytes): bytes.map(String.init).joined(separator: ".") + ":\(port ?? 0)"
        case .ipv6(let text): "[\(text)]:\(port ?? 0)"
        case .name(let name): "\(name):\(port ?? 0)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func ipv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        // A leading zero is read as octal by some and as decimal by others, so it is refused.
        let bytes = parts.compactMap { part in
            part.utf8.count <= 3 && (part == "0" || !part.hasPrefix("0")) ? UInt8(part) : nil
        }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    /// Eight groups of hexadecimal digits, of which one run may be left out as `::`.
    private static func isIPv6(_ text: Substring) -> Bool {
        guard text.utf8.count <= 39, text.contains(":"), !text.contains(":::") else { return false }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        let filled = groups.filter { !$0.isEmpty }
        guard filled.allSatisfy({ $0.utf8.count <= 4 && $0.utf8.allSatisfy(isHexadecimal) }) else { return false }
        guard text.contains("::") else { return groups.count == 8 && filled.count == 8 }
        // Empty groups stand only where `::` is: one inside, two at either end, three when there is nothing else.
        let empty = groups.count - filled.count
        let expected = text == "::" ? 3 : text.hasPrefix("::") || text.hasSuffix("::") ? 2 : 1
        return empty == expected && filled.count <= 7
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}
