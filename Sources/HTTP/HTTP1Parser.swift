/// Reads HTTP/1.1 requests (RFC 9112) from bytes that arrive in any pieces. Knows no sockets.
///
/// What RFC 9112 lets a recipient guess at is refused instead: two lengths, a length beside a transfer coding, folded lines,
/// bare line feeds in chunk sizes. Guesses are what request smuggling is made of.
struct HTTP1Parser {
    enum Event {
        case needsMore
        case head(RequestHead, keepsAlive: Bool)
        /// Where the next part of the body lies in the input.
        case body(Range<Int>)
        case end
    }

    struct Failure: Error, Equatable {
        let status: Int
        let reason: String
    }

    private enum State: Equatable {
        case head
        case fixedBody(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers(bytes: Int)
        case end
    }

    private let maxHeaderBytes: Int
    private let maxBodyBytes: Int
    /// Of the last request.
    private(set) var isHTTP10 = false
    private var state = State.head
    /// How much of an unfinished header was already searched for its end.
    private var searched = 0

    init(maxHeaderBytes: Int, maxBodyBytes: Int) {
        self.maxHeaderBytes = maxHeaderBytes
        self.maxBodyBytes = maxBodyBytes
    }

    /// True after a head whose body is still to come.
    var expectsBody: Bool { state != .head && state != .end }

    /// Forgets the request that was begun; the next bytes begin another.
    mutating func startOver() { state = .head }

    /// Reads on from `used`, which moves past what was read.
    mutating func next(_ input: [UInt8], _ used: inout Int) throws(Failure) -> Event {
        while true {
            switch state {
            case .head:
                return try readHead(input, &used)
            case .fixedBody(let left):
                guard left > 0 else {
                    state = .end
                    continue
                }
                return takeBody(input, &used, left) { .fixedBody(left: $0) }
            case .chunkSize:
                guard let line = try readLine(input, &used, limit: 256) else { return .needsMore }
                let size = try chunkSize(line)
                state = size == 0 ? .trailers(bytes: 0) : .chunk(left: size)
            case .chunk(let left):
                guard left > 0 else {
                    state = .chunkEnd
                    continue
                }
                return takeBody(input, &used, left) { .chunk(left: $0) }
            case .chunkEnd:
                guard let line = try readLine(input, &used, limit: 2) else { return .needsMore }
                guard line.isEmpty else { throw Failure(status: 400, reason: "a chunk is longer than its size says") }
                state = .chunkSize
            case .trailers(let bytes):
                guard let line = try readLine(input, &used, limit: maxHeaderBytes) else { return .needsMore }
                guard bytes + line.count <= maxHeaderBytes else {
                    throw Failure(status: 431, reason: "the trailers are over \(maxHeaderBytes) bytes")
                }
                state = line.isEmpty ? .end : .trailers(bytes: bytes + line.count + 2)
            case .end:
                state = .head
                return .end
            }
        }
    }

    private mutating func takeBody(
        _ input: [UInt8], _ used: inout Int, _ left: Int, _ nextState: (Int) -> State
    ) -> Event {
        let count = min(left, input.count - used)
        guard count > 0 else { return .needsMore }
        defer { used += count }
        state = nextState(left - count)
        return .body(used..<used + count)
    }

    /// A line without its end; nil while it is incomplete.
    private func readLine(_ input: [UInt8], _ used: inout Int, limit: Int) throws(Failure) -> ArraySlice<UInt8>? {
        guard let end = input[used...].firstIndex(of: UInt8(ascii: "\n")) else {
            guard input.count - used <= limit else {
                throw Failure(status: 400, reason: "a line is over \(limit) bytes")
            }
            return nil
        }
        let line = input[used..<end]
        used = end + 1
        guard line.last == UInt8(ascii: "\r") else { throw Failure(status: 400, reason: "a line ends without CR") }
        guard line.count - 1 <= limit else { throw Failure(status: 400, reason: "a line is over \(limit) bytes") }
        return line.dropLast()
    }

    private func chunkSize(_ line: ArraySlice<UInt8>) throws(Failure) -> Int {
        // Extensions after a semicolon mean nothing to us.
        let digits = line.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 0x09 }
        guard (1...8).contains(digits.count), let size = Int(String(decoding: digits, as: UTF8.self), radix: 16),
            digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-")
        else { throw Failure(status: 400, reason: "a chunk's size is not a hexadecimal number") }
        guard size <= maxBodyBytes else {
            throw Failure(status: 413, reason: "the body is over \(maxBodyBytes) bytes; send smaller batches")
        }
        return size
    }

    // MARK: the head

    private mutating func readHead(_ input: [UInt8], _ used: inout Int) throws(Failure) -> Event {
        // RFC 9112, 2.2: empty lines before a request line are skipped.
        while used + 1 < input.count, input[used] == 13, input[used + 1] == 10 { used += 2 }
        guard let end = findEndOfHead(input, from: max(used, used + searched - 3)) else {
            searched = input.count - used
            guard searched <= maxHeaderBytes else {
                throw Failure(status: 431, reason: "the header is over \(maxHeaderBytes) bytes")
            }
            return .needsMore
        }
        guard end - used <= maxHeaderBytes else {
            throw Failure(status: 431, reason: "the header is over \(maxHeaderBytes) bytes")
        }
        let bytes = input[used..<end - 2]
        used = end
        searched = 0
        return try parseHead(bytes)
    }

    func findEndOfHead(_ input: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 3 < input.count {
            if input[index + 3] > 13 {
                index += 4
            } else if input[index] == 13, input[index + 1] == 10, input[index + 2] == 13, input[index + 3] == 10 {
                return index + 4
            } else {
                index += 1
            }
        }
        return nil
    }

    private mutating func parseHead(_ bytes: ArraySlice<UInt8>) throws(Failure) -> Event {
        var lines = HeadLines(rest: bytes)
        guard let requestLine = try lines.next() else { throw Failure(status: 400, reason: "the request is empty") }
        let parts = requestLine.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isTokenByte), !parts[1].isEmpty else {
            throw Failure(status: 400, reason: "the request line is not 'METHOD target HTTP/1.1'")
        }
        let version = String(decoding: parts[2], as: UTF8.self)
        isHTTP10 = version == "HTTP/1.0"
        guard version == "HTTP/1.1" || isHTTP10 else {
            throw Failure(
                status: version.hasPrefix("HTTP/") ? 505 : 400,
                reason: "version '\(printable(version))' is not HTTP/1.1")
        }
        var headers = HTTPHeaders()
        while let line = try lines.next() { try addField(line, to: &headers) }
        var target = String(decoding: parts[1], as: UTF8.self)
        var authority = try onlyValue("host", headers)
        guard authority != nil || isHTTP10 else {
            throw Failure(status: 400, reason: "there is no Host header")
        }
        if !target.hasPrefix("/"), target != "*" {
            guard let slashes = target.range(ofScheme: ["http://", "https://"]) else {
                throw Failure(status: 400, reason: "the request target does not begin with '/'")
            }
            let rest = target[slashes...]
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<slash])
            target = slash == rest.endIndex ? "/" : String(rest[slash...])
        }
        let length = try bodyLength(headers)
        let (path, query) = splitTarget(target)
        let head = RequestHead(
            method: String(decoding: parts[0], as: UTF8.self), path: path, query: query, authority: authority ?? "",
            headers: headers, contentLength: length, version: .http1)
        return .head(head, keepsAlive: keepsAlive(version, headers))
    }

    /// Adds one line of a head to `headers`; also used for responses.
    func addField(_ line: ArraySlice<UInt8>, to headers: inout HTTPHeaders) throws(Failure) {
        guard line.first != 0x20, line.first != 0x09 else {
            throw Failure(status: 400, reason: "a header line is folded; write each header on one line")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(isTokenByte)
        else { throw Failure(status: 400, reason: "a header line is not 'name: value'") }
        let name = String(decoding: line[..<colon].map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        var value = line[(colon + 1)...]
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw Failure(status: 400, reason: "header '\(name)' holds a control character")
        }
        headers.add(name, String(decoding: value, as: UTF8.self))
    }

    /// Decides how the body ends and sets the state for it; also used for responses.
    mutating func bodyLength(_ headers: HTTPHeaders) throws(Failure) -> Int? {
        let codings = headers.values("transfer-encoding")
        let lengths = headers.values("content-length")
        if !codings.isEmpty {
            guard lengths.isEmpty else {
                throw Failure(status: 400, reason: "there are both Content-Length and Transfer-Encoding")
            }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw Failure(status: 501, reason: "transfer coding '\(printable(codings[0]))' is not chunked")
            }
            state = .chunkSize
            return nil
        }
        guard let text = try onlyValue("content-length", headers) else {
            state = .end
            return nil
        }
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(text)
        else { throw Failure(status: 400, reason: "Content-Length '\(printable(text))' is not a number") }
        state = length == 0 ? .end : .fixedBody(left: length)
        return length
    }

    /// The value of a header that may stand only once, or several times with the same value.
    private func onlyValue(_ name: String, _ headers: HTTPHeaders) throws(Failure) -> String? {
        let values = headers.values(name)
        guard let first = values.first else { return nil }
        guard values.dropFirst().allSatisfy({ $0 == first }) else {
            throw Failure(status: 400, reason: "header '\(name)' stands twice with different values")
        }
        return first
    }

    func keepsAlive(_ version: String, _ headers: HTTPHeaders) -> Bool {
        let options = headers.values("connection").joined(separator: ",").lowercased()
        if options.contains("close") { return false }
        return version == "HTTP/1.1" || options.contains("keep-alive")
    }
}

/// The lines of a head, each without its CR LF.
struct HeadLines {
    var rest: ArraySlice<UInt8>

    mutating func next() throws(HTTP1Parser.Failure) -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
        let line = rest[..<end]
        rest = end == rest.endIndex ? [] : rest[(end + 1)...]
        guard line.last == UInt8(ascii: "\r") else {
            throw HTTP1Parser.Failure(status: 400, reason: "a header line ends without CR LF")
        }
        return line.dropLast()
    }
}

/// RFC 9110, 5.6.2.
func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

/// Text from a peer, cut and without control characters, for a message that goes back to it.
private func printable(_ text: String) -> String {
    String(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(40).map(Character.init))
}

extension String {
    /// Where the rest begins after one of `schemes`; nil when the text begins with none of them.
    fileprivate func range(ofScheme schemes: [String]) -> String.Index? {
        let lowered = lowercased()
        guard let scheme = schemes.first(where: { lowered.hasPrefix($0) }) else { return nil }
        return index(startIndex, offsetBy: scheme.count)
    }
}
