/// Which `Host` a request may name. A page elsewhere whose name was pointed at this address (DNS rebinding) sends its own
/// name, and is refused. Programs without a browser may leave the header out only over HTTP/1.0; an empty one is refused.
package struct HostAllowList: Sendable {
    private let names: Set<String>

    /// `configured`: names or addresses besides the loopback ones, without port.
    package init(configured: [String] = []) {
        names = Set(configured.map { Self.name(of: $0) })
    }

    /// Whether `authority`, the value of `Host` or `:authority`, names this machine's loopback or a configured name.
    package func allows(_ authority: String) -> Bool {
        let name = Self.name(of: authority)
        if name.isEmpty { return false }
        return name == "localhost" || name.hasSuffix(".localhost") || name == "::1" || Self.isLoopbackIPv4(name)
            || names.contains(name)
    }

    /// Without port, brackets and the root's dot, in lower case.
    private static func name(of authority: String) -> String {
        var text = Substring(authority.lowercased())
        if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || isPort(rest) else { return "" }
            return String(text[text.index(after: text.startIndex)..<close])
        }
        // One colon separates a port; several make an IPv6 address without brackets.
        if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            guard isPort(text[colon...]) else { return "" }
            text = text[..<colon]
        }
        if text.hasSuffix(".") { text = text.dropLast() }
        return String(text)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && text.utf8.count <= 6 && text.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isLoopbackIPv4(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127" else { return false }
        return parts.allSatisfy { part in
            (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                && (UInt16(part) ?? 256) < 256
        }
    }
}
