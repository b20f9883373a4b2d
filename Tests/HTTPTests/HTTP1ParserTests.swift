import Testing

@testable import HTTP

/// What a parser made of a whole input: one line for each event.
private func events(_ text: String, piece: Int = .max, maxHeader: Int = 1024, maxBody: Int = 1024) -> [String] {
    var parser = HTTP1Parser(maxHeaderBytes: maxHeader, maxBodyBytes: maxBody)
    let bytes = Array(text.utf8)
    var input: [UInt8] = []
    var used = 0
    var fed = 0
    var result: [String] = []
    var body = ""
    while true {
        do throws(HTTP1Parser.Failure) {
            switch try parser.next(input, &used) {
            case .needsMore:
                guard fed < bytes.count else { return result }
                let count = min(piece, bytes.count - fed)
                input.append(contentsOf: bytes[fed..<fed + count])
                fed += count
            case .head(let head, let keepsAlive):
                result.append("\(head.method) \(head.path)?\(head.query) \(head.authority) keep=\(keepsAlive)")
            case .body(let range): body += String(decoding: input[range], as: UTF8.self)
            case .end:
                result.append("body=\(body)")
                body = ""
            }
        } catch {
            return result + ["\(error.status) \(error.reason)"]
        }
    }
}

@Suite struct HTTP1ParserTests {
    static let wellFormed: [(String, [String])] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /? a keep=true", "body="]),
        (
            "POST /v1/traces?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            ["POST /v1/traces?x=1 a keep=true", "body=abc"]
        ),
        (
            "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n02\r\nde\r\n0\r\nT: 1\r\n\r\n",
            ["POST /? a keep=true", "body=abcde"]
        ),
        ("GET / HTTP/1.0\r\n\r\n", ["GET /?  keep=false", "body="]),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ["GET /? a keep=false", "body="]),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /? a keep=true", "body="]),
        ("GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n", ["GET /c? b keep=true", "body="]),
        (
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
            ["GET /1? a keep=true", "body=", "GET /2? a keep=true", "body="]
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            ["POST /? a keep=true", "body="]
        ),
    ]

    @Test("A request reads the same in one piece as in pieces of any size", arguments: wellFormed)
    func readsInAnyPieces(text: String, expected: [String]) {
        for piece in [1, 2, 3, 7, .max] { #expect(events(text, piece: piece) == expected, "in pieces of \(piece)") }
    }

    @Test(
        "What could be read in two ways is refused with the reason",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", "400 there is no Host header"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 header 'host' stands twice with different values"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "400 header 'content-length' stands twice with different values"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400 there are both Content-Length and Transfer-Encoding"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
                "400 Content-Length '+1' is not a number"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "400 Content-Length '99999999999999999999' is not a number"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
                "501 transfer coding 'gzip' is not chunked"
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "400 a header line is folded; write each header on one line"),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400 a header line is not 'name: value'"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n", "400 header 'x' holds a control character"),
            ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505 version 'HTTP/3.0' is not HTTP/1.1"),
            ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400 the request line is not 'METHOD target HTTP/1.1'"),
            ("rubbish\r\n\r\n", "400 the request line is not 'METHOD target HTTP/1.1'"),
            ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400 the request target does not begin with '/'"),
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", "400 a header line ends without CR LF"),
        ])
    func refusesAmbiguity(text: String, expected: String) {
        #expect(events(text).last == expected)
    }

    @Test(
        "A chunk whose size lies, is no number or is too large ends the request",
        arguments: [
            ("3\r\nabcd\r\n", "400 a chunk is longer than its size says"),
            ("x\r\n", "400 a chunk's size is not a hexadecimal number"),
            ("-1\r\n", "400 a chunk's size is not a hexadecimal number"),
            ("fffffffff\r\n", "400 a chunk's size is not a hexadecimal number"),
            ("ffffff\r\n", "413 the body is over 1024 bytes; send smaller batches"),
            ("3\nabc", "400 a line ends without CR"),
        ])
    func refusesBadChunks(chunks: String, expected: String) {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "zzzz\r\n"
        #expect(events(text).last == expected)
    }

    @Test("A header without an end is refused at the limit, however it arrives")
    func boundsTheHeader() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 2000)
        for piece in [1, 100, .max] { #expect(events(text, piece: piece) == ["431 the header is over 1024 bytes"]) }
        #expect(events(text + "\r\n\r\n") == ["431 the header is over 1024 bytes"])
    }
}
