import Compression
import Testing

@Suite("Content encodings")
struct ContentEncodingTests {
    @Test(
        "A header value names its encoding in either case and with blanks around it",
        arguments: [
            ("gzip", ContentEncoding.gzip), ("GZip", .gzip), (" \tzstd ", .zstd), ("x-gzip", .gzip),
            ("deflate", .deflate),
            ("Identity", .identity), ("", .identity), ("  ", .identity),
        ])
    func known(value: String, encoding: ContentEncoding) {
        #expect(ContentEncoding(headerValue: value) == encoding)
    }

    @Test(
        "Unknown encodings and lists of encodings are refused",
        arguments: ["br", "gzip, gzip", "gzi p", "zstd;q=1", "é"])
    func unknown(value: String) {
        #expect(ContentEncoding(headerValue: value) == nil)
    }
}
