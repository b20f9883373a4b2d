/// Reads HTTP/1.1 responses (RFC 9112) from bytes that arrive in any pieces, one for each request. Knows no sockets. As strict
/// as the parser of requests, whose bodies and header lines it shares.
struct HTTP1ResponseParser {
    enum Event: Equatable {
        case needsMore
        /// Where the next part of the body lies in the input.
        case body(Range<Int>)
        /// The response is whole. `isReusable` says whether the connection may carry another request.
        case end(isReusable: Bool)
    }

    private enum Stage: Equatable { case head, body, untilClose, nothing }

    private let maxHeaderBytes: Int
    private let hasNoBody: Bool
    private var body: HTTP1Parser
    private var stage = Stage.head
    private var isReusable = false
    /// How much of an unfinished head was already searched for its end.
    private var searched = 0
    /// The head, once it has been read.
    private(set) var status = 0
    private(set) var headers = HTTPHeaders()

    /// - Parameter method: of the request that is answered; the answer to HEAD has no body.
    init(method: String, maxHeaderBytes: Int, maxBodyBytes: Int) {
        self.maxHeaderBytes = maxHeaderBytes
        hasNoBody = method == "HEAD"
        body = HTTP1Parser(maxHeaderBytes: maxHeaderBytes, maxBodyBytes: maxBodyBytes)
    }

    /// Reads on from `used`, which moves past what was read.
    mutating func next(_ input: [UInt8], _ used: inout Int) throws(HTTP1Parser.Failure) -> Event {
        while true {
            switch stage {
            case .head:
                guard try readHead(input, &used) else { return .needsMore }
            case .body:
                switch try body.next(input, &used) {
                case .needsMore: return .needsMore
                case .body(let range): return .body(range)
                case .end, .head:
                    stage = .nothing
                    return .end(isReusable: isReusable)
                }
            case .untilClose:
                guard used < input.count else { return .needsMore }
                defer { used = input.count }
                return .body(used..<input.count)
            case .nothing:
                return .end(isReusable: isReusable)
            }
        }
    }

    /// The server has ended its side: true when that is the end of the response.
    var mayEndHere: Bool { stage == .untilClose }

    /// False while the head is incomplete.
    private mutating func readHead(_ input: [UInt8], _ used: inout Int) throws(HTTP1Parser.Failure) -> Bool {
        guard let end = body.findEndOfHead(input, from: max(used, used + searched - 3)) else {
            searched = input.count - used
            guard searched <= maxHeaderBytes else { throw Self.tooLarge(maxHeaderBytes) }
            return false
        }
        guard end - used <= maxHeaderBytes else { throw Self.tooLarge(maxHeaderBytes) }
        var lines = HeadLines(rest: input[used..<end - 2])
        used = end
        searched = 0
        guard let statusLine = try lines.next() else { throw Self.noStatus }
        let version = try readStatus(statusLine)
        headers = HTTPHeaders()
        while let line = try lines.next() { try body.addField(line, to: &headers) }
        // RFC 9110, 15.2: any number of interim responses may come before the final one. We ask for no other protocol, so
        // 101 is no answer to us.
        if status == 101 { throw HTTP1Parser.Failure(status: 502, reason: "it switches protocols unasked") }
        if status >= 200 { try beginBody(version) }
        return true
    }

    static func tooLarge(_ limit: Int) -> HTTP1Parser.Failure {
        HTTP1Parser.Failure(status: 431, reason: "the header is over \(limit) bytes")
    }
    private static let noStatus = HTTP1Parser.Failure(status: 502, reason: "it does not begin with 'HTTP/1.1 status'")

    /// The version, as the line has it.
    private mutating func readStatus(_ line: ArraySlice<UInt8>) throws(HTTP1Parser.Failure) -> String {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[1].count == 3, parts[1].allSatisfy({ (48...57).contains($0) }) else {
            throw Self.noStatus
        }
        let version = String(decoding: parts[0], as: UTF8.self)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw Self.noStatus }
        status = parts[1].reduce(0) { $0 * 10 + Int($1 - 48) }
        guard (100...599).contains(status) else { throw Self.noStatus }
        return version
    }

    /// RFC 9112, 6.3: how the body ends.
    private mutating func beginBody(_ version: String) throws(HTTP1Parser.Failure) {
        isReusable = body.keepsAlive(version, headers)
        guard !hasNoBody, status != 204, status != 304 else {
            stage = .nothing
            return
        }
        let length = try body.bodyLength(headers)
        if length == nil, headers["transfer-encoding"] == nil {
            isReusable = false
            stage = .untilClose
        } else {
            stage = .body
        }
    }
}
