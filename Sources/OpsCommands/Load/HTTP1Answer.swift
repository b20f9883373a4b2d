/// Reads an HTTP/1.1 answer that tells its length.
package enum HTTP1Answer: Equatable {
    case incomplete
    case malformed
    case whole(status: Int, body: [UInt8], closes: Bool)

    package static func parse(_ bytes: [UInt8]) -> HTTP1Answer {
        guard let headEnd = endOfHead(bytes) else { return .incomplete }
        // A carriage return with its line feed is one Character, which counts as a newline.
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(whereSeparator: \.isNewline)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return .malformed }
        var length = status == 204 ? 0 : nil as Int?
        var closes = false
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "content-length": length = Int(value)
            case "connection": closes = value.lowercased() == "close"
            default: break
            }
        }
        guard let length, length >= 0 else { return .malformed }
        guard bytes.count - headEnd >= length else { return .incomplete }
        return .whole(status: status, body: Array(bytes[headEnd..<headEnd + length]), closes: closes)
    }

    /// The position behind the empty line.
    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        var index = 3
        while index < bytes.count {
            if bytes[index] == 10, bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 {
                return index + 1
            }
            index += 1
        }
        return nil
    }
}
