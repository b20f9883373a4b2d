import OpsCommands
import Testing

@Suite("HTTP/1.1 answers")
struct HTTP1AnswerTests {
    @Test(
        "An answer is whole once its length is there",
        arguments: [
            ("", HTTP1Answer.incomplete),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", .incomplete),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na", .incomplete),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab", .whole(status: 200, body: [97, 98], closes: false)),
            (
                "HTTP/1.1 503 X\r\nContent-Length:0\r\nConnection: close\r\n\r\n",
                .whole(status: 503, body: [], closes: true)
            ),
            ("HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", .whole(status: 204, body: [], closes: false)),
            ("HTTP/1.1 200 OK\r\nx: y\r\n\r\n", .malformed),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", .malformed),
            ("SSH-2.0 200\r\n\r\n", .malformed),
        ])
    func parses(text: String, answer: HTTP1Answer) {
        #expect(HTTP1Answer.parse(Array(text.utf8)) == answer)
    }
}
