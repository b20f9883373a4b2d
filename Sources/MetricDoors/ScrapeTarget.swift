/// Where to scrape, as it is written in the configuration: `http://127.0.0.1:9102/metrics;interval=60s;timeout=1s;job=payments`, or
/// just `127.0.0.1:9102`.
package struct ScrapeTarget: Equatable, Sendable {
    package var isSecure = false
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    package var host: String
    package var port: UInt16
    /// With the query.
    package var path = "/metrics"
    /// Nil: as for all targets.
    package var interval: Duration?
    package var timeout: Duration?
    package var job: String?
    /// As written.
    package let text: String

    /// - Parameter duration: reads `60s`, or is nil for what is no time.
    package init?(_ text: String, duration: (String) -> Duration?) {
        self.text = text
        var parts = text.split(separator: ";", omittingEmptySubsequences: false)[...]
        guard var address = parts.popFirst() else { return nil }
        if address.hasPrefix("https://") {
            isSecure = true
            address = address.dropFirst("https://".count)
        } else if address.hasPrefix("http://") {
            address = address.dropFirst("http://".count)
        } else if address.contains("://") {
            return nil
        }
        if let slash = address.firstIndex(of: "/") {
            path = String(address[slash...])
            address = address[..<slash]
        }
        guard let found = Self.hostAndPort(address, isSecure: isSecure), Self.isPath(path) else { return nil }
        (host, port) = found
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            let value = String(pair[1])
            switch pair[0] {
            case "interval":
                guard let time = duration(value), time >= .seconds(1), time <= .seconds(86_400) else { return nil }
                interval = time
            case "timeout":
                guard let time = duration(value), time >= .milliseconds(10), time <= .seconds(60) else { return nil }
                timeout = time
            case "job":
                guard value.utf8.count <= 255 else { return nil }
                job = value
            default: return nil
            }
        }
    }

    /// What tells it from other targets, such as `127.0.0.1:9102`.
    package var instance: String { "\(host):\(port)" }

    private static func hostAndPort(_ text: Substring, isSecure: Bool) -> (String, UInt16)? {
        // User names and passwords do not belong into a list that logs may show.
        guard !text.isEmpty, !text.contains("@") else { return nil }
        var host = text
        var port: UInt16 = isSecure ? 443 : 80
        if let colon = text.lastIndex(of: ":"),
            text[text.index(after: colon)...].utf8.allSatisfy({ (48...57).contains($0) })
        {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else { return nil }
            host = text[..<colon]
            port = number
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        let inner = isBracketed ? host.dropFirst().dropLast() : host
        let isNamed = inner.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
            case UInt8(ascii: ":"): isBracketed
            default: false
            }
        }
        guard isNamed, !inner.isEmpty, inner.utf8.count <= 253 else { return nil }
        return (String(host), port)
    }

    private static func isPath(_ path: String) -> Bool {
        path.utf8.count <= 2048 && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
